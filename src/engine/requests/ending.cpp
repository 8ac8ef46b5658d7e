// What a request came to.
#include "engine/requests/requests.hpp"

#include <cerrno>

namespace plimsoll {
namespace {

/// A response that the step does not expect, by status.
Outcome outcome_of_status(std::uint16_t status) {
    if (status == 429) {
        return Outcome::RateLimited;
    }
    if (status >= 500) {  // 600 and above too (RFC 9110, 15)
        return Outcome::Http5xx;
    }
    return status >= 400 ? Outcome::Http4xx : Outcome::CheckFailed;
}

}  // namespace

void Requests::judge_status(Exchange& exchange, Clock::time_point now) {
    const std::uint16_t status = exchange.protocol.response().status();
    const bool expected = exchange.request->step().expect.accepts(status);
    finish_request(exchange, expected ? Outcome::Ok : outcome_of_status(status), now,
                   expected ? std::string_view()
                            : std::string_view(exchange.protocol.response().error_body()));
}

void Requests::fail(Exchange& exchange, Outcome outcome, std::string_view why) {
    const std::string text(why);  // what it points into may go with the connection
    const auto now = Clock::now();
    if (exchange.notes && exchange.bytes_sent != 0) {  // else it never began
        trace_phases(exchange, now);
    }
    close(exchange);
    finish_request(exchange, outcome, now, text);
}

void Requests::set_deadline(Exchange& exchange, Clock::time_point at) {
    exchange.deadline = at;
    wheel_.watch(exchange);
}

void Requests::on_heartbeat(Clock::time_point now) {
    wheel_.advance(now, [this](Exchange& exchange) { on_timeout(exchange); });
}

void Requests::on_timeout(Exchange& exchange) {
    exchange.given_up = true;
    switch (exchange.phase) {
        case Phase::Idle:
        case Phase::Decoding:
            return;
        case Phase::Resolving:
            fail(exchange, Outcome::Dns, "the host name was not looked up in time");
            return;
        case Phase::Connecting:
            if (Clock::now() < exchange.connection->connect_by) {
                exchange.given_up = false;
                go_on_opening(exchange, connector_.try_next(*exchange.connection,
                                                            exchange.owner->place, ETIMEDOUT));
                return;
            }
            ++recorder_.counts().connects_failed;
            fail(exchange, Outcome::ConnectTimeout, "no connection within the step's timeout");
            return;
        case Phase::Handshaking:
            fail(exchange, Outcome::ConnectTimeout, "no TLS handshake within the step's timeout");
            return;
        case Phase::Sending:
        case Phase::Waiting:
            fail(exchange, Outcome::ResponseTimeout,
                 "no response header within the step's timeout");
            return;
        case Phase::Body:
            fail(exchange, Outcome::BodyTimeout,
                 "response body not complete within the step's timeout");
            return;
    }
}

void Requests::finish_request(Exchange& exchange, Outcome outcome, Clock::time_point now,
                              std::string_view text) {
    exchange.phase = Phase::Idle;
    exchange.deadline = Clock::time_point::max();
    if (exchange.upload) [[unlikely]] {
        exchange.upload->clear();
    }
    recorder_.request_ended(now);
    recorder_.record_phases(exchange.times);
    User& user = *exchange.owner;
    const Step& step = exchange.request->step();
    Sample sample{exchange.due,
                  exchange.sent,
                  now,
                  step.endpoint,
                  exchange.protocol.response().status(),
                  outcome,
                  exchange.bytes_sent,
                  exchange.bytes_received,
                  exchange.given_up};
    ResponseView response;
    const bool looks = looks_at_response(step);
    if (looks) {
        response = response_of(exchange, now);
    }
    const Judgement judgement = users_.judge(user, step, sample, text, looks ? &response : nullptr);
    if (users_plan_.trace_limit != 0) [[unlikely]] {
        trace_request(user, exchange, sample);
    }
    if (users_plan_.tell.on_request) [[unlikely]] {
        users_plan_.tell.on_request(sample, judgement.text);
    }
    exchange.protocol.response().release();
    users_.on_done(user, step, sample, judgement, !exchange.starting);
}

ResponseView Requests::response_of(const Exchange& exchange, Clock::time_point now) {
    ResponseView view;
    view.status = exchange.protocol.response().status();
    if (const KeptResponse* const kept = exchange.protocol.response().kept()) {
        view.header_block = kept->headers;
        view.body = kept->body;
    }
    view.body_bytes = exchange.protocol.response().body_bytes();
    view.service = now - exchange.sent;
    return view;
}

void Requests::cut_off(User& user) {
    const auto now = Clock::now();
    if (user.client != nullptr) {
        user.client->for_each_exchange([&](Exchange& exchange) { abandon(exchange, now); });
    }
    users_.on_cut_off(user, now);
}

void Requests::abandon(Exchange& exchange, Clock::time_point now) {
    if (exchange.under_way()) {
        recorder_.request_ended(now);
        if (exchange.notes && exchange.bytes_sent != 0) {
            trace_phases(exchange, now);
        }
        record_cut_off(exchange, now);
    }
    close(exchange);
    exchange.decoder.reset();
    exchange.phase = Phase::Idle;
    exchange.deadline = Clock::time_point::max();
}

void Requests::record_cut_off(const Exchange& exchange, Clock::time_point now) {
    Sample sample;
    sample.due = exchange.due;
    sample.sent = exchange.sent;
    sample.completed = now;
    sample.endpoint = exchange.request->step().endpoint;
    sample.status = exchange.protocol.response().status();
    sample.outcome = Outcome::CutOff;
    sample.bytes_sent = exchange.bytes_sent;
    sample.bytes_received = exchange.bytes_received;
    recorder_.record(sample);
    for (const Check& check : exchange.request->step().expect.checks) {
        recorder_.record_check_cut_off(check.id);
    }
    ++recorder_.counts().interrupted;
    if (users_plan_.trace_limit != 0 && exchange.notes) {
        trace_request(*exchange.owner, exchange, sample);
    }
    if (users_plan_.tell.on_request) {
        users_plan_.tell.on_request(sample, "cut off before it was answered");
    }
}

}  // namespace plimsoll
