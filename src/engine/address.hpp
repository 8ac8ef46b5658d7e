// Where the target is: resolved once, before the load.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "scenario/scenario.hpp"

#include <string>
#include <sys/socket.h>
#include <vector>

namespace plimsoll {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    [[nodiscard]] int family() const noexcept { return storage.ss_family; }
    [[nodiscard]] const sockaddr* get() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage);  // NOLINT: the sockets API's own idiom
    }
};

/// All stream addresses of the target's host, in the resolver's order. Error: the name does not
/// resolve.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const TargetUrl& target);

/// Connects once and closes again. Error: nothing answered within `timeout`, with the system's
/// reason.
[[nodiscard]] Status check_reachable(const std::vector<SocketAddress>& addresses,
                                     const TargetUrl& target, Nanoseconds timeout);

}  // namespace plimsoll
