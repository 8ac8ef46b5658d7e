#include "probes/canary/tcp_socket.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace plimsoll {
namespace {

Error system_error(const char* what, int code) {
    return {std::string(what) + ": " + std::generic_category().message(code)};
}

}  // namespace

void TcpSocket::close() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

Status TcpSocket::connect(const std::string& address, std::uint16_t port,
                          Clock::time_point deadline) {
    close();
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return Error{"\"" + address + "\" is no address"};
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> target(found, &freeaddrinfo);
    fd_ = socket(target->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        return system_error("cannot open a socket", errno);
    }
    const int yes = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (::connect(fd_, target->ai_addr, target->ai_addrlen) == 0) {
        return {};
    }
    int code = errno;
    if (code == EINPROGRESS) {
        if (!wait_ready(fd_, POLLOUT, deadline)) {
            close();
            return Error{"no answer to the attempt to connect"};
        }
        socklen_t size = sizeof(code);
        getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &size);
    }
    if (code != 0) {
        close();
        return system_error("cannot connect", code);
    }
    return {};
}

Status TcpSocket::send(std::string_view bytes, Clock::time_point deadline) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno != EAGAIN && errno != EINTR) {
            return system_error("cannot send", errno);
        } else if (!wait_ready(fd_, POLLOUT, deadline)) {
            return Error{"the request could not be sent in time"};
        }
    }
    return {};
}

Result<bool> TcpSocket::receive(std::string& into, Clock::time_point deadline) {
    std::array<char, 16 * 1024> buffer;
    for (;;) {
        if (!wait_ready(fd_, POLLIN, deadline)) {
            return Error{"no answer in time"};
        }
        const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
        if (count > 0) {
            into.append(buffer.data(), static_cast<std::size_t>(count));
            return true;
        }
        if (count == 0) {
            return false;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return system_error("cannot receive", errno);
        }
    }
}

Status Addresses::connect(TcpSocket& socket, std::uint16_t port, Clock::time_point deadline,
                          Nanoseconds& took) {
    if (known_.empty()) {
        Result<std::vector<std::string>> found = lookup_.wait(deadline);
        if (!found) {
            return found.error();
        }
        known_ = std::move(*found);
    }
    Status last;
    for (const std::string& address : known_) {
        const Clock::time_point from = Clock::now();
        last = socket.connect(address, port, deadline);
        took = Clock::now() - from;
        if (last) {
            return last;
        }
    }
    known_.clear();
    return last;
}

}  // namespace plimsoll
