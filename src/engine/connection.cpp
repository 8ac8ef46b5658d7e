// Sockets: opened, read, written, timed out and closed. Knows no protocol.
#include "engine/shard.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

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

/// A response may come: from the time that the connection stands, whether or not the request is
/// out.
bool takes_bytes(Phase phase) {
    return phase == Phase::Sending || phase == Phase::Waiting || phase == Phase::Body;
}

}  // namespace

void Shard::connect(Exchange& exchange) {
    const SocketAddress& address = plan_.addresses[exchange.owner->index % plan_.addresses.size()];
    exchange.phase = Phase::Connecting;
    exchange.reused = false;
    exchange.peer_closed = false;
    exchange.socket = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (exchange.socket < 0) {
        ++recorder_->counts().connects_failed;
        fail(exchange, Outcome::NoPorts, std::strerror(errno));
        return;
    }
    ++recorder_->levels.connections_open;
    const int on = 1;
    ::setsockopt(exchange.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int error = ::connect(exchange.socket, address.get(), address.length) == 0 ? 0 : errno;
    if (error != 0 && error != EINPROGRESS) {
        ++recorder_->counts().connects_failed;
        fail(exchange, outcome_of_connect_error(error), std::strerror(error));
        return;
    }
    // Readiness comes as an event even where the connection stands already (a new socket's first
    // edge).
    if (!ready_.add(exchange.socket, &exchange)) {
        ++recorder_->counts().connects_failed;
        fail(exchange, Outcome::NoPorts, std::strerror(errno));
    }
}

void Shard::on_connected(Exchange& exchange) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(exchange.socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        ++recorder_->counts().connects_failed;
        fail(exchange, outcome_of_connect_error(error), std::strerror(error));
        return;
    }
    ++recorder_->counts().connects_ok;
    scratch_.swap(exchange.request_rest);
    exchange.request_rest.clear();
    write_some(exchange, scratch_);
}

void Shard::write_some(Exchange& exchange, std::string_view bytes) {
    exchange.phase = exchange.parser.header_done() ? Phase::Body : Phase::Waiting;
    while (!bytes.empty()) {
        const ssize_t n = ::send(exchange.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) [[likely]] {
            bytes.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno == EAGAIN) {
            exchange.phase = Phase::Sending;
            exchange.request_rest.assign(bytes);  // `bytes` never points into request_rest here
            return;
        }
        const int error = errno;
        if (bytes.size() == exchange.bytes_sent && retry_on_new_connection(exchange, true)) {
            return;
        }
        if (error == ECONNRESET || error == EPIPE) {
            // The server may have answered, and said why, before it closed.
            exchange.peer_closed = true;
            read_some(exchange);
        } else {
            fail(exchange, Outcome::SendFailed, std::strerror(error));
        }
        return;
    }
}

void Shard::read_some(Exchange& exchange) {
    for (;;) {
        const ssize_t n =
            ::recv(exchange.socket, receive_buffer_.data(), receive_buffer_.size(), 0);
        if (n > 0) [[likely]] {
            const auto size = static_cast<std::size_t>(n);
            const int socket = exchange.socket;
            on_bytes(exchange, {receive_buffer_.data(), size});
            // A short read has emptied the socket, unless its end came in the same event. After the
            // response's end the next request may be under way already.
            if ((size < receive_buffer_.size() && !exchange.peer_closed) ||
                exchange.socket != socket || !takes_bytes(exchange.phase)) {
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

void Shard::fail(Exchange& exchange, Outcome outcome, std::string_view why) {
    close_socket(exchange);
    finish_request(exchange, outcome, Clock::now(), why);
}

void Shard::on_timeout(Exchange& exchange) {
    switch (exchange.phase) {
        case Phase::Idle:
            return;
        case Phase::Connecting:
            ++recorder_->counts().connects_failed;
            fail(exchange, Outcome::ConnectTimeout, "no connection within the step's timeout");
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

void Shard::abandon(Exchange& exchange, Clock::time_point now) {
    if (exchange.under_way()) {
        ++recorder_->counts().interrupted;
        recorder_->request_ended(now);
        --exchange.owner->under_way;
    }
    close_socket(exchange);
    exchange.phase = Phase::Idle;
    exchange.deadline = Clock::time_point::max();
}

void Shard::close_socket(Exchange& exchange) {
    if (exchange.socket >= 0) {
        ::close(exchange.socket);
        exchange.socket = -1;
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
            on_event(*static_cast<Exchange*>(event.data.ptr), event.events);
        }
        if (pace_due_ <= Clock::now()) {
            on_pace();
        }
    }
}

void Shard::on_event(Exchange& exchange, std::uint32_t events) {
    constexpr std::uint32_t kEnded = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    exchange.peer_closed = exchange.peer_closed || (events & kEnded) != 0;
    if (exchange.phase == Phase::Idle) {
        // The server closed a connection that nothing is asked of, or spoke unasked on it, which
        // would be taken for the next response: the next request opens a new one.
        if (exchange.socket >= 0 && (exchange.peer_closed || (events & EPOLLIN) != 0)) {
            close_socket(exchange);
            ++recorder_->counts().reconnects;
        }
        return;
    }
    if (exchange.phase == Phase::Connecting) {
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) {
            return;
        }
        on_connected(exchange);
    }
    // An edge comes once: bytes that came with the connection, or before the request is out, must
    // be read now.
    if ((events & (EPOLLIN | kEnded)) != 0 && takes_bytes(exchange.phase)) {
        read_some(exchange);
    }
    if ((events & EPOLLOUT) != 0 && exchange.phase == Phase::Sending) {
        scratch_.swap(exchange.request_rest);
        exchange.request_rest.clear();
        write_some(exchange, scratch_);
    }
}

}  // namespace plimsoll
