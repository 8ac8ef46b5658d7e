// Command lines as the shell that they were written for splits them.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::import {

/// One simple command.
struct ShellCommand {
    std::vector<std::string> words;
    std::string joint;                 // what stands before it: "", "&&", "||", "|", "&" or ";"
    std::optional<std::string> input;  // of a here-document or here-string
    std::string input_file;            // of "< FILE"
    std::string problem;  // why its words are not known: "a command substitution"; mostly ""
    int line = 1;
};

struct ShellText {
    std::vector<ShellCommand> commands;
    std::vector<std::string> variables;  // whose values the text does not say, each once
};

/// What stands in a word for such a variable. It goes through percent-encoding unchanged.
[[nodiscard]] std::string shell_variable(std::string_view name);

/// As bash reads it: all quotes, line continuations, comments, braces, here-documents,
/// redirections, variables that the text itself sets. Nothing is run. Error: an open quote, and on
/// which line.
[[nodiscard]] Result<ShellText> shell_commands(std::string_view text);

/// Whether this was written for cmd.exe: carets at the ends of lines or before quotes.
[[nodiscard]] bool is_for_cmd(std::string_view text);
/// As cmd.exe reads it, and the C runtime splits it then.
[[nodiscard]] Result<ShellText> cmd_commands(std::string_view text);

/// Whether this was written for PowerShell, which nothing here reads.
[[nodiscard]] bool is_for_powershell(std::string_view text);

}  // namespace plimsoll::import
