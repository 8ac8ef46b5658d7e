#include "app/commands/completion_script.hpp"

#include "app/completion/embedded.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// In single quotes, for bash and zsh.
std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

/// In single quotes, for fish.
std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
    }
    return out + "'";
}

/// A list shows one line each: what stands before the first semicolon or full stop.
std::string brief(const std::string& help) {
    const auto end = std::min(help.find("; "), help.find(". "));
    return help.substr(0, end);
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string> command_names(const CommandInfo& command) {
    std::vector<std::string> names;
    for (const CommandInfo& each : command.commands) {
        names.push_back(each.path.substr(command.path.size() + 1));
    }
    return names;
}

std::vector<std::string> flag_names(const CommandInfo& command, bool valued_only) {
    std::vector<std::string> names;
    for (const FlagInfo& flag : command.flags) {
        if (!valued_only || flag.value != FlagValue::None) {
            names.insert(names.end(), flag.names.begin(), flag.names.end());
        }
    }
    return names;
}

/// Sets `choices` for "COMMAND --flag": words, @files, or nothing that could be offered.
std::string choices_table(const CommandInfo& top) {
    std::string out = "__plimsoll_choices() {\n    choices=\n    case $1 in\n";
    for (const CommandInfo* command : all_commands(top)) {
        for (const FlagInfo& flag : command->flags) {
            if (flag.value != FlagValue::File && flag.value != FlagValue::Choice) {
                continue;
            }
            std::vector<std::string> patterns;
            for (const std::string& name : flag.names) {
                patterns.push_back(shell_quoted(command->path + " " + name));
            }
            out += fmt::format(
                "    {}) choices={} ;;\n", fmt::join(patterns, " | "),
                shell_quoted(flag.value == FlagValue::File ? "@files" : joined(flag.choices)));
        }
    }
    return out + "    esac\n}\n";
}

/// "NAME:HELP", as zsh's _describe takes it.
std::string described(const std::string& name, const std::string& help) {
    std::string escaped;
    for (const char c : name) {
        escaped += (c == ':' ? "\\" : "") + std::string(1, c);
    }
    return shell_quoted(escaped + ":" + brief(help));
}

}  // namespace

std::string bash_script(const CommandInfo& top) {
    std::string out =
        "# bash completion for plimsoll. Made by `plimsoll completion bash`.\n"
        "# shellcheck shell=bash\n\n"
        "# Sets what may follow the command $1.\n"
        "__plimsoll_table() {\n    commands='' flags='' valued=' '\n    case $1 in\n";
    for (const CommandInfo* command : all_commands(top)) {
        out +=
            fmt::format("    {})\n        commands={}\n        flags={}\n        valued={} ;;\n",
                        shell_quoted(command->path), shell_quoted(joined(command_names(*command))),
                        shell_quoted(joined(flag_names(*command, false))),
                        shell_quoted(fmt::format(" {} ", joined(flag_names(*command, true)))));
    }
    out += "    esac\n}\n\n# Sets `choices` for a command's flag.\n" + choices_table(top) + "\n";
    return out + std::string(embedded::bash_completion);
}

std::string zsh_script(const CommandInfo& top) {
    std::string out =
        "#compdef plimsoll\n# Made by `plimsoll completion zsh`.\n\n"
        "# Sets what may follow the command $1.\n"
        "__plimsoll_table() {\n    subcommands=() flags=() names='' valued=' '\n    case $1 in\n";
    for (const CommandInfo* command : all_commands(top)) {
        std::string commands;
        std::string flags;
        const auto names = command_names(*command);
        for (std::size_t i = 0; i < names.size(); ++i) {
            commands += "\n            " + described(names[i], command->commands[i].help);
        }
        for (const FlagInfo& flag : command->flags) {
            for (const std::string& name : flag.names) {
                flags += "\n            " + described(name, flag.help);
            }
        }
        out += fmt::format(
            "    {})\n        subcommands=({})\n        flags=({})\n        names={}\n"
            "        valued={} ;;\n",
            shell_quoted(command->path), commands, flags, shell_quoted(joined(names)),
            shell_quoted(fmt::format(" {} ", joined(flag_names(*command, true)))));
    }
    out += "    esac\n}\n\n# Sets `choices` for a command's flag.\n" + choices_table(top) + "\n";
    return out + std::string(embedded::zsh_completion);
}

namespace {

std::string fish_flag(const CommandInfo& command, const FlagInfo& flag) {
    std::string out = fmt::format("complete -c plimsoll -n \"__plimsoll_at {}\"", command.path);
    for (const std::string& name : flag.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    switch (flag.value) {
        case FlagValue::None:
            break;
        case FlagValue::Text:
            out += " -x";
            break;
        case FlagValue::File:
            out += " -r -F";
            break;
        case FlagValue::Choice:
            out += " -x -a " + fish_quoted(joined(flag.choices));
            break;
    }
    return fmt::format("{} -d {}\n", out, fish_quoted(brief(flag.help)));
}

/// A function that prints one of several lists, by the command.
std::string fish_lists(const char* name, const CommandInfo& top,
                       std::vector<std::string> (*list)(const CommandInfo&)) {
    std::string out = fmt::format("function {}\n    switch \"$argv\"\n", name);
    for (const CommandInfo* command : all_commands(top)) {
        if (const auto words = list(*command); !words.empty()) {
            out += fmt::format("        case {}\n            printf '%s\\n' {}\n",
                               fish_quoted(command->path), joined(words));
        }
    }
    return out + "    end\nend\n\n";
}

}  // namespace

std::string fish_script(const CommandInfo& top) {
    std::string out = "# fish completion for plimsoll. Made by `plimsoll completion fish`.\n\n";
    out += fish_lists("__plimsoll_commands", top, command_names);
    out += fish_lists("__plimsoll_valued", top,
                      [](const CommandInfo& command) { return flag_names(command, true); });
    out += embedded::fish_completion;
    for (const CommandInfo* command : all_commands(top)) {
        const auto names = command_names(*command);
        for (std::size_t i = 0; i < names.size(); ++i) {
            out +=
                fmt::format("complete -c plimsoll -n \"__plimsoll_at {}\" -a {} -d {}\n",
                            command->path, names[i], fish_quoted(brief(command->commands[i].help)));
        }
        if (names.empty()) {
            out += fmt::format("complete -c plimsoll -n \"__plimsoll_at {}\" -F\n", command->path);
        }
        for (const FlagInfo& flag : command->flags) {
            out += fish_flag(*command, flag);
        }
    }
    return out;
}

}  // namespace plimsoll
