#include "engine/transport/connector.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace plimsoll {
namespace {

/// How long one address may take before the next is tried beside it (RFC 8305, 5).
constexpr std::chrono::milliseconds kAttemptDelay{250};

int error_of(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Opening Connector::try_next(Connection& connection, std::uint32_t first, int last_error) {
    const auto& addresses = connection.origin->addresses;
    while (connection.attempts < addresses.size()) {
        const std::size_t at = (first + connection.attempts) % addresses.size();
        ++connection.attempts;
        last_error = start_attempt(connection, addresses[at]);
        if (last_error != 0) {
            ++recorder_.counts().connects_failed;
            continue;
        }
        const bool more = connection.attempts < addresses.size();
        return {Opening::State::Begun, 0,
                more ? std::min(connection.connect_by, Clock::now() + kAttemptDelay)
                     : connection.connect_by};
    }
    return {connection.socket < 0 ? Opening::State::Failed : Opening::State::Waiting, last_error};
}

int Connector::start_attempt(Connection& connection, const SocketAddress& address) {
    const int socket = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return errno;
    }
    // The kernel gives the lowest number that is free: this many are open, or nearly.
    if (static_cast<std::uint64_t>(socket) >= plan_.sockets_below) [[unlikely]] {
        ::close(socket);
        return EMFILE;
    }
    ++recorder_.levels.connections_open;
    const int error = bind_and_connect(socket, address);
    // Readiness comes as an event even where the connection stands already (a new socket's first
    // edge).
    if (error != 0 || !loop_.add(socket, &connection)) {
        const int why = error != 0 ? error : ENOMEM;
        drop(socket);
        return why;
    }
    if (connection.socket >= 0) {
        connection.racing.push_back(connection.socket);
    }
    connection.socket = socket;
    return 0;
}

int Connector::bind_and_connect(int socket, const SocketAddress& address) {
    const int on = 1;
    if (address.family() == AF_UNIX) {
        // A full accept queue says EAGAIN here, where TCP would have the connection wait.
        const int error = ::connect(socket, address.get(), address.length) == 0 ? 0 : errno;
        return error == EAGAIN ? ECONNREFUSED : error;
    }
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Each local address has its own range of ports: when one's is used up, the next is taken. The
    // port is chosen when the socket connects, so that it need be free towards this server only.
    const auto& locals = plan_.locals;
    int error = EADDRNOTAVAIL;
    for (std::size_t tries = 0; tries < std::max<std::size_t>(1, locals.size()); ++tries) {
        if (!locals.empty()) {
            const SocketAddress& local = locals[next_local_++ % locals.size()];
            if (local.family() != address.family()) {
                continue;
            }
            ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
            if (::bind(socket, local.get(), local.length) != 0) {
                return errno;
            }
        }
        error = ::connect(socket, address.get(), address.length) == 0 ? 0 : errno;
        if (error == 0 || error == EINPROGRESS) {
            return 0;
        }
        if (error != EADDRNOTAVAIL) {
            return error;
        }
    }
    return error;
}

Opening Connector::on_event(Connection& connection, std::uint32_t first, std::uint32_t events) {
    if (!connection.racing.empty()) {
        return pick_winner(connection, first);
    }
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) {
        return {};
    }
    const int error = error_of(connection.socket);
    if (error == 0) {
        ++recorder_.counts().connects_ok;
        return {Opening::State::Stands};
    }
    ++recorder_.counts().connects_failed;
    drop(std::exchange(connection.socket, -1));
    connection.peer_closed = false;
    return try_next(connection, first, error);
}

Opening Connector::pick_winner(Connection& connection, std::uint32_t first) {
    std::vector<int> sockets = std::move(connection.racing);
    sockets.push_back(connection.socket);
    std::vector<int> waiting;
    int winner = -1;
    int last_error = 0;
    connection.peer_closed = false;
    for (const int socket : sockets) {
        pollfd state{socket, POLLOUT | POLLRDHUP, 0};
        ::poll(&state, 1, 0);
        const bool settled = (state.revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
        const int error = settled ? error_of(socket) : EINPROGRESS;
        if (error == 0 && winner < 0) {
            winner = socket;
            connection.peer_closed = (state.revents & (POLLRDHUP | POLLHUP)) != 0;
        } else if (error == 0 || error == EINPROGRESS) {
            waiting.push_back(socket);
        } else {
            ++recorder_.counts().connects_failed;
            drop(socket);
            last_error = error;
        }
    }
    if (winner >= 0) {
        std::for_each(waiting.begin(), waiting.end(), [this](int socket) { drop(socket); });
        connection.racing.clear();
        connection.socket = winner;
        ++recorder_.counts().connects_ok;
        return {Opening::State::Stands};
    }
    connection.socket = waiting.empty() ? -1 : waiting.back();
    if (!waiting.empty()) {
        waiting.pop_back();
    }
    connection.racing = std::move(waiting);
    return last_error != 0 ? try_next(connection, first, last_error) : Opening{};
}

Status Connector::secure(Connection& connection) {
    if (!tls_) {
        auto made = TlsContext::create(options_);
        if (!made) {
            return made.error();
        }
        tls_ = *std::move(made);
    }
    Origin& origin = *connection.origin;
    connection.tls = TlsConnection::create(*tls_, connection.socket, origin.server_name,
                                           options_.resume ? &origin.session : nullptr);
    if (!connection.tls) {
        return Error{"TLS could not be set up for this host name", "", ""};
    }
    return {};
}

void Connector::drop(int socket) {
    ::close(socket);
    --recorder_.levels.connections_open;
}

void Connector::close(Connection& connection) {
    connection.tls.reset();
    for (const int socket : connection.racing) {
        drop(socket);
    }
    connection.racing.clear();
    if (connection.socket >= 0) {
        drop(std::exchange(connection.socket, -1));
    }
}

}  // namespace plimsoll
