// Which process listens on a port.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <sys/types.h>

namespace plimsoll {

/// The process that listens on TCP `port` (any address, IPv4 or IPv6) in our network namespace. Of
/// several that share the socket (workers forked by a master) the one that all others descend
/// from, else the oldest. Error: nobody listens, or whoever does cannot be looked into.
[[nodiscard]] Result<pid_t> find_listener(std::uint16_t port, const std::filesystem::path& proc);

}  // namespace plimsoll
