// Private to net: host names to addresses, with a deadline that really holds.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace plimsoll::net {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] int family() const { return storage.ss_family; }
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

/// The addresses of `host`, in the order to try them; never empty. A numeric address needs no
/// lookup. A name is resolved by getaddrinfo on a thread of its own, because that call cannot be
/// interrupted: when the deadline passes the thread is left to end by itself and its answer is
/// dropped.
[[nodiscard]] Result<std::vector<SocketAddress>> look_up(const std::string& host,
                                                         std::uint16_t port,
                                                         Clock::time_point deadline);

/// Error: the path does not fit a socket address (107 bytes).
[[nodiscard]] Result<SocketAddress> unix_address(const std::string& path);

}  // namespace plimsoll::net
