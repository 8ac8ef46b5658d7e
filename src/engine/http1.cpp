// HTTP/1.1: a request's bytes out, a response's bytes in, and what it came to.
#include "engine/content_decoder.hpp"
#include "engine/shard.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

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

/// A shard sends on time to about a millisecond: no body is decoded for longer before the others'
/// turn.
constexpr std::chrono::microseconds kDecodeAtOnce{500};

bool is_head(const Exchange& exchange) {
    // A redirect may turn any other method into GET, never a HEAD.
    return exchange.request->is_head();
}

}  // namespace

bool Shard::send_request(Exchange& exchange, const PreparedRequest& request,
                         Clock::time_point due) {
    exchange.request = &request;
    exchange.due = due;
    exchange.random_before = exchange.owner->random;
    if (plan_.users.takes_notes()) {
        begin_notes(exchange);
    }
    exchange.bytes_sent = 0;
    exchange.bytes_received = 0;
    exchange.retried = false;
    exchange.given_up = false;
    exchange.new_connection = false;
    exchange.hops = 0;
    exchange.times = {};
    exchange.starting = true;
    users_->missing().clear();
    Result<Origin*> origin(&origins_.front());
    if (exchange.aim) [[unlikely]] {
        exchange.aim.reset();
    }
    if (request.is_absolute()) [[unlikely]] {
        origin = aim_at_url(exchange);
    }
    const auto bytes = origin ? render(exchange, **origin, exchange.owner->random)
                              : Result<std::string_view>(origin.error());
    if (!users_->missing().empty()) [[unlikely]] {
        exchange.starting = false;
        return false;
    }
    exchange.sent = Clock::now();
    exchange.deadline = exchange.sent + request.limits().first_byte;
    wheel_.watch(exchange);
    recorder_->request_sent(exchange.sent);
    if (bytes) [[likely]] {
        start_hop(exchange, **origin, *bytes);
    } else {
        exchange.phase = Phase::Sending;
        exchange.parser.reset({});
        fail(exchange, Outcome::SendFailed, bytes.error().to_string());
    }
    exchange.starting = false;
    return true;
}

Result<std::string_view> Shard::render(Exchange& exchange, const Origin& origin, Random& random) {
    const User& user = *exchange.owner;
    const CookieJar* const cookies = user.client->known_cookies();
    const std::string_view constant = exchange.request->constant();
    const bool plain = !plan_.users.traceparent && !exchange.aim && cookies == nullptr;
    if (!constant.empty() && plain) [[likely]] {
        if (exchange.notes) {
            exchange.notes->path = path_of(constant);
        }
        return constant;
    }
    RequestParts parts;
    parts.aim = exchange.aim.get();
    parts.origin = &origin;
    if (cookies != nullptr) {
        parts.cookies = cookies;
        parts.now_unix_s = std::time(nullptr);
    }
    if (exchange.request->has_files()) {
        if (!exchange.upload) {
            exchange.upload = std::make_unique<Upload>();
        }
        parts.upload = exchange.upload.get();
        parts.upload->clear();
    }
    if (plan_.users.traceparent) {
        parts.header = trace_header(exchange);
    }
    auto bytes = exchange.request->bytes(users_->context(user, random), parts, scratch_);
    if (exchange.notes && bytes) {
        exchange.notes->path = path_of(*bytes);
    }
    return bytes;
}

void Shard::start_hop(Exchange& exchange, Origin& origin, std::string_view bytes) {
    const PreparedRequest& request = *exchange.request;
    const bool head = is_head(exchange);
    exchange.parser.reset({head, request.keeps_headers(), request.keeps_body(),
                           scenario_.http.cookies != CookiePolicy::Off,
                           request.limits().redirects != 0,
                           head                   ? UINT64_MAX
                           : request.keeps_body() ? request.limits().max_decoded
                                                  : request.limits().max_body});
    exchange.response_rest.clear();
    exchange.answered = false;
    exchange.was_blocked = false;
    exchange.first_byte = {};
    ++exchange.serial;
    exchange.hop_bytes = bytes.size() + (exchange.upload ? exchange.upload->left() : 0);
    exchange.bytes_sent += exchange.hop_bytes;
    exchange.unsent = bytes;
    if (exchange.socket >= 0 && exchange.origin != &origin) [[unlikely]] {
        close_socket(exchange);
    }
    if (exchange.socket >= 0) [[likely]] {
        const bool begins = exchange.hops == 0 && !exchange.retried;
        exchange.phase_begun = begins ? exchange.sent : Clock::now();
        write_some(exchange);
        return;
    }
    if (!request.owns(bytes)) {
        exchange.request_store.assign(bytes);
        exchange.unsent = exchange.request_store;
    }
    exchange.origin = &origin;
    open_connection(exchange);
}

void Shard::on_bytes(Exchange& exchange, std::string_view bytes) {
    const bool first = !exchange.answered;
    exchange.answered = true;
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
            if (first) {
                const auto& limits = exchange.request->limits();
                exchange.first_byte = Clock::now();
                set_deadline(exchange, std::min(exchange.first_byte + limits.body,
                                                exchange.sent + limits.total));
            }
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
        if (exchange.tls && !exchange.tls->ended_well()) {
            // Nothing else says that this was all of it.
            fail(exchange, Outcome::ClosedEarly,
                 "TLS connection closed without close_notify inside a body of unknown length");
        } else {
            complete(exchange);
        }
        return;
    }
    if (error == EPROTO && exchange.tls) {
        fail(exchange, Outcome::Tls, exchange.tls->failure());
        return;
    }
    if (!exchange.answered) {
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
    const bool turned_to_get = exchange.aim && !exchange.aim->method.empty();
    if (!exchange.reused || exchange.retried || exchange.answered ||
        !(unseen || turned_to_get || exchange.request->is_idempotent())) {
        return false;
    }
    if (exchange.notes) {
        trace_phases(exchange, Clock::now());
    }
    exchange.retried = true;
    ++recorder_->counts().reconnects;
    close_socket(exchange);
    Random random = exchange.random_before;  // the same request again, to the last draw
    Origin& origin = *exchange.origin;
    const auto bytes = render(exchange, origin, random);
    if (!bytes) {
        fail(exchange, Outcome::SendFailed, bytes.error().to_string());
        return true;
    }
    exchange.bytes_sent -= exchange.hop_bytes;
    start_hop(exchange, origin, *bytes);
    return true;
}

bool Shard::begin_decoding(Exchange& exchange, Clock::time_point now) {
    KeptResponse* const kept = exchange.parser.kept();
    if (kept == nullptr || kept->encoding.empty()) {
        return false;
    }
    const std::uint64_t limit = exchange.request->limits().max_decoded;
    auto decoder = ContentDecoder::begin(kept->encoding, std::exchange(kept->body, {}), limit);
    exchange.phase = Phase::Decoding;
    exchange.deadline = Clock::time_point::max();  // the response is here
    exchange.completed = now;
    if (!decoder) {
        finish_request(exchange, Outcome::Protocol, now, decoder.error().what);
        return true;
    }
    exchange.decoder = std::make_unique<ContentDecoder>(*std::move(decoder));
    if (!decode_some(exchange)) {
        decoding_.push_back(&exchange);
    }
    return true;
}

bool Shard::decode_some(Exchange& exchange) {
    const auto done = exchange.decoder->decode(Clock::now() + kDecodeAtOnce);
    if (done && !*done) {
        return false;
    }
    const auto decoder = std::exchange(exchange.decoder, nullptr);
    if (!done) {
        finish_request(exchange, Outcome::Protocol, exchange.completed, done.error().what);
        return true;
    }
    exchange.parser.kept()->body = decoder->take();
    judge_status(exchange, exchange.completed);
    return true;
}

// One large body after the other: what is decoded is in memory whole, and a shard has one at a
// time.
void Shard::decode_on() {
    Exchange& exchange = *decoding_.front();
    // Given up meanwhile, and perhaps at it again: then it stands further back once more.
    if (exchange.phase != Phase::Decoding || !exchange.decoder || decode_some(exchange)) {
        decoding_.pop_front();
    }
}

void Shard::answered_early(Exchange& exchange, Clock::time_point first) {
    if (exchange.phase == Phase::Sending) {
        // The request's rest stays unsent: nothing else can follow on this connection.
        exchange.times.send += first - exchange.phase_begun;
        exchange.phase = Phase::Body;
        close_socket(exchange);
    }
    exchange.written = first - 1ns;  // no wait at all would say that no response came
}

void Shard::complete(Exchange& exchange) {
    const auto now = Clock::now();
    const auto first = exchange.first_byte == Clock::time_point() ? now : exchange.first_byte;
    if (exchange.phase == Phase::Sending || first <= exchange.written) [[unlikely]] {
        answered_early(exchange, first);
    }
    exchange.times.wait += first - exchange.written;
    exchange.times.receive += now - first;
    if (exchange.notes) [[unlikely]] {
        trace_phases(exchange, now);
    }
    if (!exchange.parser.keep_alive() || exchange.peer_closed ||
        !scenario_.http.reuse_connections) {
        close_socket(exchange);
    }
    exchange.reused = true;
    if (const KeptResponse* const kept = exchange.parser.kept()) [[unlikely]] {
        take_cookies(exchange, *kept);
        if (follow_redirect(exchange, now)) {
            return;
        }
        if (begin_decoding(exchange, now)) {
            return;
        }
    }
    judge_status(exchange, now);
}

void Shard::judge_status(Exchange& exchange, Clock::time_point now) {
    const std::uint16_t status = exchange.parser.status();
    const bool expected = exchange.request->step().expect.accepts(status);
    finish_request(exchange, expected ? Outcome::Ok : outcome_of_status(status), now,
                   expected ? std::string_view() : std::string_view(exchange.parser.error_body()));
}

void Shard::finish_request(Exchange& exchange, Outcome outcome, Clock::time_point now,
                           std::string_view text) {
    exchange.phase = Phase::Idle;
    exchange.deadline = Clock::time_point::max();
    if (exchange.upload) [[unlikely]] {
        exchange.upload->clear();
    }
    recorder_->request_ended(now);
    recorder_->record_phases(exchange.times);
    on_exchange_done(*exchange.owner, exchange, outcome, now, text);
}

void Shard::on_exchange_done(User& user, Exchange& exchange, Outcome outcome, Clock::time_point now,
                             std::string_view text) {
    const Step& step = exchange.request->step();
    Sample sample{exchange.due,
                  exchange.sent,
                  now,
                  step.endpoint,
                  exchange.parser.status(),
                  outcome,
                  exchange.bytes_sent,
                  exchange.bytes_received,
                  exchange.given_up};
    ResponseView response;
    const bool looks = looks_at_response(step);
    if (looks) {
        response = response_of(exchange, now);
    }
    const Judgement judgement =
        users_->judge(user, step, sample, text, looks ? &response : nullptr);
    if (plan_.users.trace_limit != 0) [[unlikely]] {
        trace_request(user, exchange, sample);
    }
    if (plan_.users.tell.on_request) [[unlikely]] {
        plan_.users.tell.on_request(sample, judgement.text);
    }
    exchange.parser.release();
    users_->on_done(user, step, sample, judgement, !exchange.starting);
    carry_out();
}

ResponseView Shard::response_of(const Exchange& exchange, Clock::time_point now) {
    ResponseView view;
    view.status = exchange.parser.status();
    if (const KeptResponse* const kept = exchange.parser.kept()) {
        view.header_block = kept->headers;
        view.body = kept->body;
    }
    view.body_bytes = exchange.parser.body_bytes();
    view.service = now - exchange.sent;
    return view;
}

}  // namespace plimsoll
