// Private to lab: socket addresses by text.
#pragma once

#include "base/result.hpp"

#include <string>
#include <sys/socket.h>

namespace plimsoll {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

/// "host:port", "[::1]:port" or "unix:/path". `numeric`: take no names. May block for a look-up.
[[nodiscard]] Result<SocketAddress> resolve_address(const std::string& text, bool numeric);

}  // namespace plimsoll
