// Which sockets are whose.
#pragma once

#include <cstdint>
#include <filesystem>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

/// Sockets that a process has open.
struct ProcessSockets {
    pid_t pid = 0;
    std::vector<std::uint32_t> inodes;
};
/// Of each of `pids`, from /proc/PID/fd: one link to read for every descriptor, some 2 µs each. A
/// process that has ended or may not be looked into has none.
[[nodiscard]] std::vector<ProcessSockets> sockets_of(const std::filesystem::path& proc,
                                                     const std::vector<pid_t>& pids);

}  // namespace plimsoll
