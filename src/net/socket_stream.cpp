#include "net/socket_stream.hpp"

#include "net/name_lookup.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace plimsoll::net {
namespace {

std::string errno_text(int code) {
    return std::generic_category().message(code);
}

/// True when `fd` became ready, false when the deadline passed first.
bool wait_for(int fd, short events, Clock::time_point deadline) {
    while (true) {
        // Rounded up: a wait that ends a little early would only spin.
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        const auto limit = std::clamp<long long>(left.count(), 0, INT_MAX);
        pollfd entry{fd, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(limit));
        if (ready > 0) {
            return true;
        }
        if (ready == 0 && Clock::now() >= deadline) {
            return false;
        }
        if (ready < 0 && errno != EINTR) {
            return true;  // the next transfer reports what is wrong
        }
    }
}

std::string connect_failure(int code) {
    switch (code) {
        case ECONNREFUSED:
            return "connection refused";
        case ENOENT:
            return "there is no such unix socket";
        case EACCES:
            return "no permission to use this unix socket";
        case EADDRNOTAVAIL:
            return "no local port is free for another connection";
        default:
            return "could not connect: " + errno_text(code);
    }
}

Result<int> connect_one(const SocketAddress& address, Clock::time_point deadline) {
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return Error{"could not open a socket: " + errno_text(errno), {}, {}};
    }
    int code = ::connect(fd, address.get(), address.length) == 0 ? 0 : errno;
    if (code == EINPROGRESS) {
        if (!wait_for(fd, POLLOUT, deadline)) {
            ::close(fd);
            return Error{"timed out while connecting", {}, {}};
        }
        socklen_t size = sizeof(code);
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) {
            code = errno;
        }
    } else if (code == EAGAIN) {
        // A unix socket whose listener's queue is full; there is no event to wait for.
        code = ECONNREFUSED;
    }
    if (code != 0) {
        ::close(fd);
        return Error{connect_failure(code), {}, {}};
    }
    if (address.family() != AF_UNIX) {
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    return fd;
}

/// Tries the addresses in turn and gives each an equal share of what is left of the time.
Result<int> connect_any(const std::vector<SocketAddress>& addresses, Clock::time_point deadline) {
    Error last;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto now = Clock::now();
        const auto share = (deadline - now) / static_cast<long>(addresses.size() - i);
        auto fd = connect_one(addresses[i], now + share);
        if (fd) {
            return fd;
        }
        last = fd.error();
    }
    return last;
}

Result<std::vector<SocketAddress>> addresses_of(const Url& url, Clock::time_point deadline) {
    if (url.scheme != Url::Scheme::Unix) {
        return look_up(url.host, url.port, deadline);
    }
    auto address = unix_address(url.socket_path);
    if (!address) {
        return address.error();
    }
    return std::vector<SocketAddress>{*address};
}

Step plain_step(ssize_t count, StepKind again) {
    if (count > 0) {
        return {StepKind::Done, static_cast<std::size_t>(count)};
    }
    if (count == 0) {
        return {StepKind::Closed};
    }
    switch (errno) {
        case EAGAIN:
        case EINTR:
            return {again};
        case ECONNRESET:
        case EPIPE:
            return {StepKind::Failed, 0, "the server reset the connection"};
        default:
            return {StepKind::Failed, 0, errno_text(errno)};
    }
}

}  // namespace

SocketStream::SocketStream(int fd, std::unique_ptr<TlsSession> tls)
    : fd_(fd), tls_(std::move(tls)) {}

SocketStream::~SocketStream() {
    tls_.reset();
    ::close(fd_);
}

Result<std::unique_ptr<SocketStream>> SocketStream::connect(const Url& url, const TlsContext* tls,
                                                            Clock::time_point deadline) {
    const auto addresses = addresses_of(url, deadline);
    if (!addresses) {
        return addresses.error();
    }
    const auto fd = connect_any(*addresses, deadline);
    if (!fd) {
        return fd.error();
    }
    std::unique_ptr<SocketStream> stream(new SocketStream(*fd, nullptr));
    if (tls != nullptr) {
        auto session = TlsSession::create(*tls, *fd, url.host);
        if (!session) {
            return session.error();
        }
        stream->tls_ = std::move(session).value();
        if (const auto status = stream->handshake(deadline); !status) {
            return status.error();
        }
    }
    return stream;
}

bool SocketStream::wait(short events, Clock::time_point deadline) const {
    return wait_for(fd_, events, deadline);
}

Status SocketStream::handshake(Clock::time_point deadline) {
    while (true) {
        const Step step = tls_->handshake();
        switch (step.kind) {
            case StepKind::Done:
                return {};
            case StepKind::Closed:
                return Error{"the server closed the connection during the TLS handshake",
                             {},
                             "does this port speak TLS?"};
            case StepKind::Failed:
                return Error{"TLS handshake failed: " + step.reason, {}, {}};
            default:
                break;
        }
        if (!wait(step.kind == StepKind::WantRead ? POLLIN : POLLOUT, deadline)) {
            return Error{"timed out during the TLS handshake", {}, {}};
        }
    }
}

Step SocketStream::try_write(std::string_view data) {
    return tls_ ? tls_->write(data.data(), data.size())
                : plain_step(::send(fd_, data.data(), data.size(), MSG_NOSIGNAL),
                             StepKind::WantWrite);
}

Step SocketStream::try_read(char* data, std::size_t size) {
    return tls_ ? tls_->read(data, size)
                : plain_step(::recv(fd_, data, size, 0), StepKind::WantRead);
}

Status SocketStream::write_all(std::string_view data, Clock::time_point deadline) {
    while (!data.empty()) {
        const Step step = try_write(data);
        switch (step.kind) {
            case StepKind::Done:
                data.remove_prefix(step.bytes);
                continue;
            case StepKind::Closed:
                return Error{"the server closed the connection while the request was sent", {}, {}};
            case StepKind::Failed:
                return Error{"sending the request failed: " + step.reason, {}, {}};
            default:
                break;
        }
        if (!wait(step.kind == StepKind::WantRead ? POLLIN : POLLOUT, deadline)) {
            return Error{"timed out while sending the request", {}, {}};
        }
    }
    return {};
}

Result<std::size_t> SocketStream::read_some(char* data, std::size_t size,
                                            Clock::time_point deadline) {
    while (true) {
        const Step step = try_read(data, size);
        switch (step.kind) {
            case StepKind::Done:
                return step.bytes;
            case StepKind::Closed:
                return std::size_t{0};
            case StepKind::Failed:
                return Error{"reading the response failed: " + step.reason, {}, {}};
            default:
                break;
        }
        if (!wait(step.kind == StepKind::WantRead ? POLLIN : POLLOUT, deadline)) {
            return Error{"timed out waiting for the response", {}, {}};
        }
    }
}

bool SocketStream::is_reusable() const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 0;
}

}  // namespace plimsoll::net
