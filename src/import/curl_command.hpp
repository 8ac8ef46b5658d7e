// Private to import: a command of the shell that may be one of curl's.
#pragma once

#include "import/shell_words.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::import {

[[nodiscard]] bool is_curl(std::string_view word);
/// Where the command itself stands among `words`: behind words of the shell, and commands that run
/// another. `control`: it belongs to a loop or condition.
[[nodiscard]] std::size_t command_word(const std::vector<std::string>& words, bool& control);
/// What the command reads from its standard input, as far as the line or a file in `folder` says.
/// `piped`: the command before a |, or nullptr.
[[nodiscard]] std::optional<std::string> input_of(const ShellCommand& command,
                                                  const ShellCommand* piped,
                                                  const std::string& folder);

}  // namespace plimsoll::import
