// Sockets that a test opens on loopback, in every state that it needs.
#pragma once

#include "base/fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include <gtest/gtest.h>

namespace plimsoll::test {

/// A listening socket on a free loopback port; nobody accepts unless asked.
class Listener {
public:
    explicit Listener(int backlog = 128, bool ipv6 = false)
        : fd_(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_storage address{};
        socklen_t size = sizeof(address);
        if (ipv6) {
            auto* in6 = reinterpret_cast<sockaddr_in6*>(&address);
            in6->sin6_family = AF_INET6;  // [::], IPv4 too
            size = sizeof(*in6);
        } else {
            auto* in = reinterpret_cast<sockaddr_in*>(&address);
            in->sin_family = AF_INET;
            in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            size = sizeof(*in);
        }
        EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(fd_.get(), backlog), 0);
        EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(ipv6 ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                           : reinterpret_cast<sockaddr_in*>(&address)->sin_port);
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] Fd accept() const {
        Fd accepted(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        EXPECT_GE(accepted.get(), 0);
        return accepted;
    }
    void close() { fd_.reset(); }

private:
    Fd fd_;
    std::uint16_t port_ = 0;
};

/// A connection to 127.0.0.1:port. On loopback the handshake is over when this returns.
inline Fd connect_to(std::uint16_t port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
}

/// On loopback the bytes are the receiver's when this returns.
inline void send_bytes(const Fd& fd, std::size_t count) {
    const std::string bytes(count, 'x');
    EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(count));
}
inline void read_bytes(const Fd& fd, std::size_t count) {
    std::string bytes(count, ' ');
    EXPECT_EQ(::recv(fd.get(), bytes.data(), bytes.size(), MSG_WAITALL),
              static_cast<ssize_t>(count));
}

}  // namespace plimsoll::test
