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

/// All stream addresses of the target's host, families taking turns, the resolver's first one first
/// (RFC 8305, 4); of a unix socket its own. Error: the name does not resolve.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const TargetUrl& target);

/// Those of `addresses` that take a connection, each tried once: a name often stands for one that
/// nobody listens at ("localhost" for ::1), and the users given to it would do nothing but fail.
/// One that was reset at once was taken as well: that is a target that fails, not one that is away.
/// Waits `timeout` for each, but a second at most once one has answered. Error: none did, with the
/// system's reason.
[[nodiscard]] Result<std::vector<SocketAddress>> reachable(
    const std::vector<SocketAddress>& addresses, const TargetUrl& target, Nanoseconds timeout);

/// `text` is an IPv4 or IPv6 address of this machine, to send from. Port 0.
[[nodiscard]] Result<SocketAddress> local_address(const std::string& text);

/// Whether `host` is an address, so that nothing is to be looked up.
[[nodiscard]] bool is_numeric_host(const std::string& host);

}  // namespace plimsoll
