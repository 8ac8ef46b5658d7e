// One request and its response on one connection.
#include "engine/shard.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

Outcome outcome_of_connect_error(int error) {
    switch (error) {
        case ETIMEDOUT:
            return Outcome::ConnectTimeout;
        case ECONNRESET:
            return Outcome::ConnectReset;
        case EADDRNOTAVAIL:
        case EAGAIN:
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return Outcome::NoPorts;
        default:
            return Outcome::ConnectRefused;
    }
}

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

/// A response may come: from the time that the connection stands, whether or not the request is
/// out.
bool takes_bytes(Phase phase) {
    return phase == Phase::Sending || phase == Phase::Waiting || phase == Phase::Body;
}

std::string traceparent(const IterationTrace& trace, const RequestSpan& span) {
    std::string hex;
    for (const std::uint8_t byte : trace.trace_id) {
        hex += fmt::format("{:02x}", byte);
    }
    hex += '-';
    for (const std::uint8_t byte : span.span_id) {
        hex += fmt::format("{:02x}", byte);
    }
    return fmt::format("traceparent: 00-{}-01\r\n", hex);
}

}  // namespace

std::string_view Shard::render_request(User& user) {
    const RenderContext context{user.index, user.iteration, &user.random};
    if (!user.trace) [[likely]] {
        return request_of(user).bytes(context, {}, scratch_);
    }
    RequestSpan& span = user.trace->requests.emplace_back();
    const std::uint64_t id = mix64(plan_.run->seed ^ user.iteration * 1024 ^ user.step ^
                                   (std::uint64_t{user.index} << 40)) |
                             1;
    std::memcpy(span.span_id.data(), &id, sizeof id);
    const auto bytes = request_of(user).bytes(context, traceparent(*user.trace, span), scratch_);
    span.path = path_of(bytes);
    return bytes;
}

void Shard::send_request(User& user) {
    user.random_before = user.random;
    const std::string_view bytes = render_request(user);
    user.parser.reset(request_of(user).is_head());
    user.response_rest.clear();
    user.bytes_sent = static_cast<std::uint32_t>(bytes.size());
    user.bytes_received = 0;
    user.retried = false;
    user.first_byte = {};
    user.sent = Clock::now();
    user.deadline = user.sent + request_of(user).step().timeout;
    wheel_.watch(user);
    recorder_->request_sent(user.sent);
    if (user.socket < 0) {
        user.request_rest.assign(bytes);
        connect(user);
    } else {
        write_some(user, bytes);
    }
}

void Shard::connect(User& user) {
    const SocketAddress& address = plan_.addresses[user.index % plan_.addresses.size()];
    user.phase = Phase::Connecting;
    user.reused = false;
    user.peer_closed = false;
    user.socket = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (user.socket < 0) {
        ++recorder_->counts().connects_failed;
        fail(user, Outcome::NoPorts, std::strerror(errno));
        return;
    }
    ++recorder_->levels.connections_open;
    const int on = 1;
    ::setsockopt(user.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int error = ::connect(user.socket, address.get(), address.length) == 0 ? 0 : errno;
    if (error != 0 && error != EINPROGRESS) {
        ++recorder_->counts().connects_failed;
        fail(user, outcome_of_connect_error(error), std::strerror(error));
        return;
    }
    // Readiness comes as an event even where the connection stands already (a new socket's first
    // edge).
    if (!ready_.add(user.socket, &user)) {
        ++recorder_->counts().connects_failed;
        fail(user, Outcome::NoPorts, std::strerror(errno));
    }
}

void Shard::on_connected(User& user) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(user.socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        ++recorder_->counts().connects_failed;
        fail(user, outcome_of_connect_error(error), std::strerror(error));
        return;
    }
    ++recorder_->counts().connects_ok;
    scratch_.swap(user.request_rest);
    user.request_rest.clear();
    write_some(user, scratch_);
}

void Shard::write_some(User& user, std::string_view bytes) {
    user.phase = user.parser.header_done() ? Phase::Body : Phase::Waiting;
    while (!bytes.empty()) {
        const ssize_t n = ::send(user.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) [[likely]] {
            bytes.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno == EAGAIN) {
            user.phase = Phase::Sending;
            user.request_rest.assign(bytes);  // `bytes` never points into request_rest here
            return;
        }
        const int error = errno;
        if (bytes.size() == user.bytes_sent && retry_on_new_connection(user, true)) {
            return;
        }
        if (error == ECONNRESET || error == EPIPE) {
            // The server may have answered, and said why, before it closed.
            user.peer_closed = true;
            read_some(user);
        } else {
            fail(user, Outcome::SendFailed, std::strerror(error));
        }
        return;
    }
}

void Shard::read_some(User& user) {
    for (;;) {
        const ssize_t n = ::recv(user.socket, receive_buffer_.data(), receive_buffer_.size(), 0);
        if (n > 0) [[likely]] {
            const auto size = static_cast<std::size_t>(n);
            const int socket = user.socket;
            on_bytes(user, {receive_buffer_.data(), size});
            // A short read has emptied the socket, unless its end came in the same event. After the
            // response's end the next request may be under way already.
            if ((size < receive_buffer_.size() && !user.peer_closed) || user.socket != socket ||
                !takes_bytes(user.phase)) {
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
        on_end(user, n == 0 ? 0 : errno);
        return;
    }
}

void Shard::on_bytes(User& user, std::string_view bytes) {
    if (user.bytes_received == 0 && user.trace) {
        user.first_byte = Clock::now();
    }
    user.bytes_received += bytes.size();
    if (!user.response_rest.empty()) {
        user.response_rest.append(bytes);
        scratch_.swap(user.response_rest);
        user.response_rest.clear();
        bytes = scratch_;
    }
    const auto progress = user.parser.feed(bytes);
    switch (progress.state) {
        case ResponseParser::State::Done:
            if (progress.consumed < bytes.size()) {
                fail(user, Outcome::Protocol, "bytes after the end of the response");
            } else {
                complete(user);
            }
            return;
        case ResponseParser::State::NeedMore:
            if (user.phase != Phase::Sending) {
                user.phase = user.parser.header_done() ? Phase::Body : Phase::Waiting;
            }
            user.response_rest.assign(bytes.substr(progress.consumed));
            return;
        case ResponseParser::State::Failed:
            fail(user, Outcome::Protocol, user.parser.failure());
            return;
    }
}

void Shard::on_end(User& user, int error) {
    if (error == 0 && user.parser.feed_end() == ResponseParser::State::Done) {
        complete(user);
        return;
    }
    if (user.bytes_received == 0) {
        if (!retry_on_new_connection(user, false)) {
            fail(user, Outcome::ConnectReset,
                 error == 0 ? "connection closed before any byte of the response"
                            : std::strerror(error));
        }
        return;
    }
    fail(user, Outcome::ClosedEarly,
         error == 0 ? "connection closed inside the response" : std::strerror(error));
}

bool Shard::retry_on_new_connection(User& user, bool unseen) {
    // The server may close an idle connection just as we use it: that is not an error of the
    // request. But it may also have taken the request and died of it: what has an effect each time
    // is never sent twice (RFC 9110, 9.2.2).
    if (!user.reused || user.retried || user.bytes_received != 0 ||
        !(unseen || request_of(user).is_idempotent())) {
        return false;
    }
    user.retried = true;
    ++recorder_->counts().reconnects;
    close_socket(user);
    Random random = user.random_before;  // the same request again, to the last draw
    const RenderContext context{user.index, user.iteration, &random};
    const std::string extra =
        user.trace ? traceparent(*user.trace, user.trace->requests.back()) : std::string();
    user.request_rest.assign(request_of(user).bytes(context, extra, scratch_));
    connect(user);
    return true;
}

void Shard::complete(User& user) {
    const auto now = Clock::now();
    const std::uint16_t status = user.parser.status();
    const bool expected = request_of(user).step().expect.accepts(status);
    // A response that came before the request was out leaves the request's rest unsent.
    if (!user.parser.keep_alive() || user.peer_closed || user.phase == Phase::Sending) {
        close_socket(user);
    }
    user.reused = true;
    finish_request(user, expected ? Outcome::Ok : outcome_of_status(status), now,
                   expected ? std::string_view() : std::string_view(user.parser.error_body()));
}

void Shard::fail(User& user, Outcome outcome, std::string_view why) {
    close_socket(user);
    finish_request(user, outcome, Clock::now(), why);
}

void Shard::finish_request(User& user, Outcome outcome, Clock::time_point now,
                           std::string_view text) {
    const Sample sample{user.due,
                        user.sent,
                        now,
                        request_of(user).step().endpoint,
                        user.parser.status(),
                        outcome,
                        user.bytes_sent,
                        user.bytes_received};
    user.phase = Phase::Idle;
    user.deadline = Clock::time_point::max();
    recorder_->request_ended(now);
    recorder_->record(sample);
    if (is_failure(outcome)) [[unlikely]] {
        recorder_->record_error(sample, text);
    }
    if (user.trace) [[unlikely]] {
        trace_request(user, sample);
    }
    // A refused connection can fail within send_request: go on from the loop then, not from this
    // call stack.
    next_step(user, now, outcome != Outcome::ConnectRefused && outcome != Outcome::NoPorts);
}

void Shard::on_timeout(User& user) {
    switch (user.phase) {
        case Phase::Idle:
            return;
        case Phase::Connecting:
            ++recorder_->counts().connects_failed;
            fail(user, Outcome::ConnectTimeout, "no connection within the step's timeout");
            return;
        case Phase::Sending:
        case Phase::Waiting:
            fail(user, Outcome::ResponseTimeout, "no response header within the step's timeout");
            return;
        case Phase::Body:
            fail(user, Outcome::BodyTimeout,
                 "response body not complete within the step's timeout");
            return;
    }
}

void Shard::close_socket(User& user) {
    if (user.socket >= 0) {
        ::close(user.socket);
        user.socket = -1;
        --recorder_->levels.connections_open;
    }
}

void Shard::watch_sockets() {
    ready_descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                                 [this](const boost::system::error_code& error) {
                                     if (!error && !done_) {
                                         on_sockets();
                                         watch_sockets();
                                     }
                                 });
}

void Shard::on_sockets() {
    // Under load the next batch is ready by the time this one is handled: look again before going
    // back to the io_context, but not for ever: stop requests wait there.
    constexpr int kRounds = 8;
    for (int round = 0; round < kRounds; ++round) {
        const auto events = ready_.take();
        if (events.empty()) {
            return;
        }
        for (const epoll_event& event : events) {
            on_event(*static_cast<User*>(event.data.ptr), event.events);
        }
        if (pace_due_ <= Clock::now()) {
            on_pace();
        }
    }
}

void Shard::on_event(User& user, std::uint32_t events) {
    constexpr std::uint32_t kEnded = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    user.peer_closed = user.peer_closed || (events & kEnded) != 0;
    if (user.phase == Phase::Idle) {
        // The server closed a connection that nothing is asked of, or spoke unasked on it, which
        // would be taken for the next response: the next request opens a new one.
        if (user.socket >= 0 && (user.peer_closed || (events & EPOLLIN) != 0)) {
            close_socket(user);
            ++recorder_->counts().reconnects;
        }
        return;
    }
    if (user.phase == Phase::Connecting) {
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) {
            return;
        }
        on_connected(user);
    }
    // An edge comes once: bytes that came with the connection, or before the request is out, must
    // be read now.
    if ((events & (EPOLLIN | kEnded)) != 0 && takes_bytes(user.phase)) {
        read_some(user);
    }
    if ((events & EPOLLOUT) != 0 && user.phase == Phase::Sending) {
        scratch_.swap(user.request_rest);
        user.request_rest.clear();
        write_some(user, scratch_);
    }
}

}  // namespace plimsoll
