// The command line as data, for what is made from it: man pages and completions. It is read from
// the commands themselves, so that it can say nothing else than their --help.
#pragma once

#include <string>
#include <vector>

namespace plimsoll {

class Command;

/// What may stand behind a flag.
enum class FlagValue { None, Text, File, Choice };

struct FlagInfo {
    std::vector<std::string> names;  // with their dashes, the short ones first
    FlagValue value = FlagValue::None;
    std::string value_name;            // "TIME"; empty without a value
    std::vector<std::string> choices;  // of FlagValue::Choice
    std::string range;                 // "1 - 256"; empty without one
    std::string default_value;         // empty: none, or its help says it
    bool repeats = false;              // takes several
    bool required = false;
    std::string group;  // "Options", or a heading of the command's own
    std::string help;
};

struct ArgumentInfo {
    std::string name;
    bool required = false;
    bool repeats = false;
    std::string help;
};

struct CommandInfo {
    std::string path;  // "plimsoll import har"
    std::string help;
    std::string remarks;   // what stands below the flags, without the examples
    std::string examples;  // one a line, indented; empty without any
    std::vector<FlagInfo> flags;
    std::vector<ArgumentInfo> arguments;
    std::vector<CommandInfo> commands;
    bool needs_command = false;
};

/// What --help shows of `top` and its commands; what it hides is left out.
[[nodiscard]] CommandInfo describe_commands(const Command& top);

/// `command` and all below it, in the order of --help.
[[nodiscard]] std::vector<const CommandInfo*> all_commands(const CommandInfo& command);

}  // namespace plimsoll
