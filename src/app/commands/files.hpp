// Files and variables that commands read and write, and how they refuse what they cannot take.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace plimsoll {

/// Whether a file can be made at `path`: found out before the load, not after it. Nothing is made.
[[nodiscard]] Status check_writable(const std::string& path, const char* flag);

/// Reads a whole file, or standard input ("-") or a pipe to its end. Error: what the system says,
/// it is no file, or it is longer than 512 MiB.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

/// Puts NAME=VALUE assignments (-e), and those of the files of @FILE, into the environment, where
/// ${env.NAME} looks. Error: a NAME alone that is not set there. Never repeats a value.
[[nodiscard]] Status set_environment(const std::vector<std::string>& assignments);

/// Writes a file that must not exist yet, unless `force`. Error: it exists, or what the system
/// says.
[[nodiscard]] Status write_new_file(const std::string& path, const std::string& text, bool force);

/// Prints "plimsoll: ..." to stderr and returns ExitCode::InvalidInput as a status.
int refuse(const Error& error);

}  // namespace plimsoll
