// HTTP/1.1: a request's bytes out, a response's bytes in, and what it came to.
#include "engine/shard.hpp"

#include <cstring>

namespace plimsoll {
namespace {

/// A response that the step does not expect, by status.
Outcome outcome_of_status(std::uint16_t status) {
    if (status == 429) {
        return Outcome::RateLimited;
    }
    if (status >= 500 && status < 600) {
        return Outcome::Http5xx;
    }
    return status >= 400 ? Outcome::Http4xx : Outcome::CheckFailed;
}

}  // namespace

bool Shard::send_request(Exchange& exchange, const PreparedRequest& request,
                         Clock::time_point due) {
    exchange.request = &request;
    exchange.due = due;
    exchange.random_before = exchange.owner->random;
    exchange.span = exchange.owner->trace ? begin_span(*exchange.owner) : -1;
    missing_.clear();
    const std::string_view bytes = render(exchange, exchange.owner->random);
    if (!missing_.empty()) [[unlikely]] {
        if (exchange.span >= 0) {
            exchange.owner->trace->requests.pop_back();
        }
        return false;
    }
    exchange.parser.reset(request.is_head());
    exchange.parser.keep(request.keeps_body(), request.keeps_headers());
    exchange.response_rest.clear();
    exchange.bytes_sent = bytes.size();
    exchange.bytes_received = 0;
    exchange.retried = false;
    exchange.first_byte = {};
    exchange.sent = Clock::now();
    exchange.deadline = exchange.sent + request.step().timeout;
    wheel_.watch(exchange);
    ++exchange.owner->under_way;
    recorder_->request_sent(exchange.sent);
    exchange.starting = true;
    if (exchange.socket < 0) {
        exchange.request_rest.assign(bytes);
        connect(exchange);
    } else {
        write_some(exchange, bytes);
    }
    exchange.starting = false;
    return true;
}

std::string_view Shard::render(Exchange& exchange, Random& random) {
    const RenderContext context = render_context(*exchange.owner, random);
    if (exchange.span < 0) [[likely]] {
        return exchange.request->bytes(context, {}, scratch_);
    }
    const auto bytes = exchange.request->bytes(context, trace_header(exchange), scratch_);
    span_of(exchange).path = path_of(bytes);
    return bytes;
}

void Shard::on_bytes(Exchange& exchange, std::string_view bytes) {
    if (exchange.bytes_received == 0 && exchange.span >= 0) {
        exchange.first_byte = Clock::now();
    }
    exchange.bytes_received += bytes.size();
    if (!exchange.response_rest.empty()) {
        exchange.response_rest.append(bytes);
        scratch_.swap(exchange.response_rest);
        exchange.response_rest.clear();
        bytes = scratch_;
    }
    const auto progress = exchange.parser.feed(bytes);
    switch (progress.state) {
        case ResponseParser::State::Done:
            if (progress.consumed < bytes.size()) {
                fail(exchange, Outcome::Protocol, "bytes after the end of the response");
            } else {
                complete(exchange);
            }
            return;
        case ResponseParser::State::NeedMore:
            if (exchange.phase != Phase::Sending) {
                exchange.phase = exchange.parser.header_done() ? Phase::Body : Phase::Waiting;
            }
            exchange.response_rest.assign(bytes.substr(progress.consumed));
            return;
        case ResponseParser::State::Failed:
            fail(exchange, Outcome::Protocol, exchange.parser.failure());
            return;
    }
}

void Shard::on_end(Exchange& exchange, int error) {
    if (error == 0 && exchange.parser.feed_end() == ResponseParser::State::Done) {
        complete(exchange);
        return;
    }
    if (exchange.bytes_received == 0) {
        if (!retry_on_new_connection(exchange, false)) {
            fail(exchange, Outcome::ConnectReset,
                 error == 0 ? "connection closed before any byte of the response"
                            : std::strerror(error));
        }
        return;
    }
    fail(exchange, Outcome::ClosedEarly,
         error == 0 ? "connection closed inside the response" : std::strerror(error));
}

bool Shard::retry_on_new_connection(Exchange& exchange, bool unseen) {
    // The server may close an idle connection just as we use it: that is not an error of the
    // request. But it may also have taken the request and died of it: what has an effect each time
    // is never sent twice (RFC 9110, 9.2.2).
    if (!exchange.reused || exchange.retried || exchange.bytes_received != 0 ||
        !(unseen || exchange.request->is_idempotent())) {
        return false;
    }
    exchange.retried = true;
    ++recorder_->counts().reconnects;
    close_socket(exchange);
    Random random = exchange.random_before;  // the same request again, to the last draw
    exchange.request_rest.assign(render(exchange, random));
    connect(exchange);
    return true;
}

void Shard::complete(Exchange& exchange) {
    const auto now = Clock::now();
    const std::uint16_t status = exchange.parser.status();
    const bool expected = exchange.request->step().expect.accepts(status);
    // A response that came before the request was out leaves the request's rest unsent.
    if (!exchange.parser.keep_alive() || exchange.peer_closed || exchange.phase == Phase::Sending) {
        close_socket(exchange);
    }
    exchange.reused = true;
    finish_request(exchange, expected ? Outcome::Ok : outcome_of_status(status), now,
                   expected ? std::string_view() : std::string_view(exchange.parser.error_body()));
}

void Shard::finish_request(Exchange& exchange, Outcome outcome, Clock::time_point now,
                           std::string_view text) {
    exchange.phase = Phase::Idle;
    exchange.deadline = Clock::time_point::max();
    --exchange.owner->under_way;
    recorder_->request_ended(now);
    on_exchange_done(*exchange.owner, exchange, outcome, now, text);
}

}  // namespace plimsoll
