// Files beside a scenario: secrets, and what else is read whole.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// `path` as seen from `folder`; an absolute one as it is.
[[nodiscard]] std::string beside(std::string_view folder, std::string_view path);

/// `error` of a file's opening or reading, in words for a fault of the scenario.
[[nodiscard]] Error about_file(const std::string& path, const Error& error);

/// The whole file, which may have 16 MiB. Error: not there, not readable, no file (see
/// open_user_file), longer.
[[nodiscard]] Result<std::string> read_whole_file(const std::string& path);

/// The text of a secret's file without the line end after it. The error names the path, never the
/// text.
[[nodiscard]] Result<std::string> read_secret_file(std::string_view path, std::string_view folder);

}  // namespace plimsoll
