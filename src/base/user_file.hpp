// Files that a user named: the one place where they are opened.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace plimsoll {

/// Whether a pipe may stand in a file's place: as /dev/stdin, or what a shell makes of <(command).
enum class Pipes : std::uint8_t { Refused, Taken };

/// Opens `path` for reading. Never waits for someone to write to it, and has no effect on what it
/// opens. Error: not there, not readable, or no file with an end that stays the same each time: a
/// folder, a device, a socket, a pipe (unless Taken), a file of /proc or /sys.
[[nodiscard]] Result<Fd> open_user_file(const std::string& path, Pipes pipes = Pipes::Refused);

/// Such a file's size in bytes as it is now.
[[nodiscard]] std::uint64_t file_size(const Fd& file) noexcept;

/// The whole of it in memory; "-" is standard input where pipes are Taken. Error: as above, it
/// cannot be read to its end, it is longer than `most_bytes`, or there is no memory for it.
[[nodiscard]] Result<std::string> read_user_file(const std::string& path, std::uint64_t most_bytes,
                                                 Pipes pipes = Pipes::Refused);

}  // namespace plimsoll
