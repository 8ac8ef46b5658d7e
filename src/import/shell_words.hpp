// A command line as a POSIX shell splits it.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::import {

/// The commands of a text, each as its words: quotes ('', "", $''), backslashes and line
/// continuations are resolved, comments left out; variables are not expanded. Commands end at a
/// line's end, ; or |. Error: an open quote (which line).
[[nodiscard]] Result<std::vector<std::vector<std::string>>> shell_commands(std::string_view text);

}  // namespace plimsoll::import
