#include "app/commands/command_tree.hpp"

#include "app/commands/command_line.hpp"

#include <CLI/CLI.hpp>

namespace plimsoll {
namespace {

constexpr const char* kExamples = "Examples:\n";

/// "TEXT:{html,md}" and "UINT:INT in [1 - 256]": behind the colon stands what is allowed.
void read_type(const std::string& type, FlagInfo& flag) {
    const auto colon = type.find(':');
    // ADDR:PORT and the like are one name.
    const std::string allowed = colon == std::string::npos ? "" : type.substr(colon + 1);
    const auto open = allowed.find_first_of("{[");
    flag.value_name = type;
    flag.value = FlagValue::Text;
    if (open != std::string::npos) {
        flag.value_name = type.substr(0, colon);
        const std::string inner = allowed.substr(open + 1, allowed.size() - open - 2);
        if (allowed[open] == '{') {
            flag.value = FlagValue::Choice;
            flag.choices = CLI::detail::split(inner, ',');
        } else {
            flag.range = inner;
        }
    } else if (type.find("FILE") != std::string::npos || type == "TEXT" || type == "DIR" ||
               type == "PREFIX") {
        flag.value = FlagValue::File;
        flag.value_name = type == "TEXT:FILE" ? "FILE" : type;
    } else if (allowed == "NONNEGATIVE") {
        flag.value_name = type.substr(0, colon);
        flag.range = "0 or more";
    }
}

FlagInfo describe(const CLI::Option& option) {
    FlagInfo flag;
    for (const std::string& name : option.get_snames()) {
        flag.names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
        flag.names.push_back("--" + name);
    }
    if (option.get_items_expected_max() != 0) {  // what add_flag makes expects none
        read_type(option.get_type_name(), flag);
        flag.default_value = option.get_default_str();
        flag.repeats = option.get_expected_max() == CLI::detail::expected_max_vector_size;
    }
    flag.required = option.get_required();
    flag.group = option.get_group();
    flag.help = option.get_description();
    return flag;
}

/// Takes the footer apart: whatever it says, and the examples that it ends with.
void read_footer(const std::string& footer, CommandInfo& command) {
    const auto at = footer.find(kExamples);
    command.remarks = footer.substr(0, at);
    while (command.remarks.ends_with('\n')) {
        command.remarks.pop_back();
    }
    if (at != std::string::npos) {
        command.examples = footer.substr(at + std::string_view(kExamples).size());
    }
}

CommandInfo describe(const CLI::App& app, const std::string& above) {
    CommandInfo command;
    command.path = above + app.get_name();
    command.help = app.get_description();
    read_footer(app.get_footer(), command);
    for (const CLI::Option* option : app.get_options({})) {
        if (option->get_positional()) {
            command.arguments.push_back(
                {option->get_name(true, false), option->get_required(),
                 option->get_expected_max() == CLI::detail::expected_max_vector_size,
                 option->get_description()});
        } else if (!option->get_group().empty()) {
            command.flags.push_back(describe(*option));
        }
    }
    for (const CLI::App* each : app.get_subcommands({})) {
        if (!each->get_group().empty()) {
            command.commands.push_back(describe(*each, command.path + " "));
        }
    }
    command.needs_command = app.get_require_subcommand_min() > 0;
    return command;
}

void collect(const CommandInfo& command, std::vector<const CommandInfo*>& into) {
    into.push_back(&command);
    for (const CommandInfo& each : command.commands) {
        collect(each, into);
    }
}

}  // namespace

CommandInfo describe_commands(const Command& top) {
    return describe(top.app(), "");
}

std::vector<const CommandInfo*> all_commands(const CommandInfo& command) {
    std::vector<const CommandInfo*> all;
    collect(command, all);
    return all;
}

}  // namespace plimsoll
