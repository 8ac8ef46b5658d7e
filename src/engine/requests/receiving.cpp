// A response's bytes in.
#include "engine/requests/requests.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

/// A response may come: from the time that the connection stands, whether or not the request is
/// out.
bool takes_bytes(Phase phase) {
    return phase == Phase::Sending || phase == Phase::Waiting || phase == Phase::Body;
}

/// How often one socket is read before the others' turn: a server that sends faster than we read
/// must not keep a shard for itself.
constexpr int kReadsAtOnce = 16;

/// A shard sends on time to about a millisecond: no body is decoded for longer before the others'
/// turn.
constexpr std::chrono::microseconds kDecodeAtOnce{500};

}  // namespace

void Requests::on_event(Connection& connection, std::uint32_t events) {
    constexpr std::uint32_t kEnded = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    connection.peer_closed = connection.peer_closed || (events & kEnded) != 0;
    Exchange& exchange = *connection.carries;
    switch (exchange.phase) {
        case Phase::Idle:
            on_idle_event(connection, events);
            return;
        case Phase::Resolving:
            return;
        case Phase::Connecting:
            go_on_opening(exchange, connector_.on_event(connection, exchange.owner->place, events));
            break;
        case Phase::Handshaking:
            continue_handshake(exchange);
            break;
        default:
            break;
    }
    // An edge comes once: bytes that came with the connection, or before the request is out, must
    // be read now.
    if ((events & (EPOLLIN | kEnded)) != 0 && takes_bytes(exchange.phase)) {
        read_some(exchange);
    }
    if ((events & EPOLLOUT) != 0 && exchange.phase == Phase::Sending) {
        write_some(exchange);
    }
}

void Requests::on_idle_event(Connection& connection, std::uint32_t events) {
    if (connection.socket < 0) {
        return;
    }
    if (connection.tls && !connection.peer_closed) {
        // TLS has words of its own, e.g. sessions to resume by.
        if (connection.receive(receive_buffer_) < 0 && errno == EAGAIN) {
            return;
        }
    } else if (!connection.peer_closed && (events & EPOLLIN) == 0) {
        return;
    }
    // The server closed a connection that nothing is asked of, or spoke unasked on it, which would
    // be taken for the next response: the next request opens a new one.
    connector_.close(connection);
    ++recorder_.counts().reconnects;
}

void Requests::read_some(Exchange& exchange) {
    const std::uint32_t serial = exchange.serial;
    Connection& connection = *exchange.connection;
    for (int full = 0;;) {
        const std::ptrdiff_t n = connection.receive(receive_buffer_);
        if (n > 0) [[likely]] {
            const auto size = static_cast<std::size_t>(n);
            on_bytes(exchange, {receive_buffer_.data(), size});
            // After the response's end its next hop may be under way already; what comes for it is
            // an event of its own.
            if (exchange.serial != serial || !takes_bytes(exchange.phase)) {
                return;
            }
            // A short read has emptied the socket, unless its end came in the same event. TLS reads
            // record by record.
            if (size < receive_buffer_.size() && !connection.peer_closed && !connection.tls) {
                return;
            }
            if (++full == kReadsAtOnce) [[unlikely]] {
                read_on_later(exchange);
                return;
            }
            continue;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        on_end(exchange, n == 0 ? 0 : errno);
        return;
    }
}

void Requests::read_on_later(Exchange& exchange) {
    // What is left makes no event of its own: the edge has been, and OpenSSL may hold it already.
    if (!exchange.unfinished) {
        exchange.unfinished = true;
        unfinished_.push_back(&exchange);
    }
}

void Requests::go_on() {
    for (Exchange* const exchange : std::exchange(unfinished_, {})) {
        exchange->unfinished = false;
        if (takes_bytes(exchange->phase)) {
            read_some(*exchange);
        }
    }
    if (decoding_.empty()) {
        return;
    }
    // One large body after the other: what is decoded is in memory whole, and a shard has one at a
    // time.
    Exchange& exchange = *decoding_.front();
    // Given up meanwhile, and perhaps at it again: then it stands further back once more.
    if (exchange.phase != Phase::Decoding || !exchange.decoder || decode_some(exchange)) {
        decoding_.pop_front();
    }
}

void Requests::on_bytes(Exchange& exchange, std::string_view bytes) {
    const bool first = !exchange.answered;
    exchange.answered = true;
    exchange.bytes_received += bytes.size();
    switch (exchange.protocol.on_bytes(bytes, scratch_)) {
        case Protocol::State::Done:
            complete(exchange);
            return;
        case Protocol::State::NeedMore:
            if (first) {
                const auto& limits = exchange.request->limits();
                exchange.first_byte = Clock::now();
                set_deadline(exchange, std::min(exchange.first_byte + limits.body,
                                                exchange.sent + limits.total));
            }
            if (exchange.phase != Phase::Sending) {
                const bool header_done = exchange.protocol.response().header_done();
                exchange.phase = header_done ? Phase::Body : Phase::Waiting;
            }
            return;
        case Protocol::State::Failed:
            fail(exchange, Outcome::Protocol, exchange.protocol.failure());
            return;
    }
}

void Requests::on_end(Exchange& exchange, int error) {
    if (error == 0 && exchange.protocol.on_end() == Protocol::State::Done) {
        if (exchange.connection->tls && !exchange.connection->tls->ended_well()) {
            // Nothing else says that this was all of it.
            fail(exchange, Outcome::ClosedEarly,
                 "TLS connection closed without close_notify inside a body of unknown length");
        } else {
            complete(exchange);
        }
        return;
    }
    if (error == EPROTO && exchange.connection->tls) {
        fail(exchange, Outcome::Tls, exchange.connection->tls->failure());
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

void Requests::complete(Exchange& exchange) {
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
    if (!exchange.protocol.response().keep_alive() || exchange.connection->peer_closed ||
        !scenario_.http.reuse_connections) {
        close(exchange);
    }
    exchange.connection->used = true;
    if (const KeptResponse* const kept = exchange.protocol.response().kept()) [[unlikely]] {
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

void Requests::answered_early(Exchange& exchange, Clock::time_point first) {
    if (exchange.phase == Phase::Sending) {
        // The request's rest stays unsent: nothing else can follow on this connection.
        exchange.times.send += first - exchange.phase_begun;
        exchange.phase = Phase::Body;
        close(exchange);
    }
    exchange.written = first - 1ns;  // no wait at all would say that no response came
}

bool Requests::begin_decoding(Exchange& exchange, Clock::time_point now) {
    KeptResponse* const kept = exchange.protocol.response().kept();
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

bool Requests::decode_some(Exchange& exchange) {
    const auto done = exchange.decoder->decode(Clock::now() + kDecodeAtOnce);
    if (done && !*done) {
        return false;
    }
    const auto decoder = std::exchange(exchange.decoder, nullptr);
    if (!done) {
        finish_request(exchange, Outcome::Protocol, exchange.completed, done.error().what);
        return true;
    }
    exchange.protocol.response().kept()->body = decoder->take();
    judge_status(exchange, exchange.completed);
    return true;
}

}  // namespace plimsoll
