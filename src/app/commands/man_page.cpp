#include "app/commands/man_page.hpp"

#include "app/exit_code.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// `text` as roff shows it, whatever it holds.
std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool line_begins = out.empty() || out.back() == '\n';
        switch (c) {
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += "\\-";
                break;
            case '\'':
                out += "\\(aq";
                break;
            case '`':
                out += "\\(ga";
                break;
            case '^':
                out += "\\(ha";
                break;
            case '~':
                out += "\\(ti";
                break;
            case '.':
                out += line_begins ? "\\&." : ".";
                break;
            default:
                out += c;
        }
    }
    return out;
}

/// A command name as a paragraph's first word: "Run a load and say what it showed."
std::string sentence(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
        text.front() = static_cast<char>(text.front() - 'a' + 'A');
    }
    return text.empty() || text.ends_with('.') ? text : text + ".";
}

std::string synopsis(const CommandInfo& command) {
    std::string out = fmt::format("\\fB{}\\fR", roff(command.path));
    if (!command.flags.empty()) {
        out += " [\\fIOPTIONS\\fR]";
    }
    for (const ArgumentInfo& argument : command.arguments) {
        const std::string name =
            fmt::format("\\fI{}\\fR{}", roff(argument.name), argument.repeats ? " ..." : "");
        out += argument.required ? " " + name : " [" + name + "]";
    }
    if (!command.commands.empty()) {
        out += command.needs_command ? " \\fICOMMAND\\fR" : " [\\fICOMMAND\\fR]";
    }
    return out + "\n";
}

std::string flag_entry(const FlagInfo& flag) {
    std::string names;
    for (const std::string& name : flag.names) {
        names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", roff(name));
    }
    if (!flag.value_name.empty()) {
        names += fmt::format(" \\fI{}\\fR{}", roff(flag.value_name), flag.repeats ? " ..." : "");
    }
    std::string help = sentence(flag.help);
    if (!flag.choices.empty()) {
        help += " One of ";
        for (const std::string& choice : flag.choices) {
            help += choice + (choice == flag.choices.back() ? "." : ", ");
        }
    }
    if (!flag.range.empty()) {
        help += fmt::format(" Range: {}.", flag.range);
    }
    if (!flag.default_value.empty()) {
        help += fmt::format(" Default: {}.", flag.default_value);
    }
    return fmt::format(".TP\n{}\n{}\n", names, roff(help));
}

std::string flag_sections(const CommandInfo& command) {
    std::string out;
    std::vector<std::string> groups;
    for (const FlagInfo& flag : command.flags) {
        if (std::find(groups.begin(), groups.end(), flag.group) == groups.end()) {
            groups.push_back(flag.group);
        }
    }
    for (const std::string& group : groups) {
        std::string heading = group;
        std::transform(heading.begin(), heading.end(), heading.begin(), [](char c) {
            return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        out += fmt::format(".SH \"{}\"\n", roff(heading));
        for (const FlagInfo& flag : command.flags) {
            out += flag.group == group ? flag_entry(flag) : "";
        }
    }
    return out;
}

std::string arguments_and_commands(const CommandInfo& command) {
    std::string out;
    if (!command.arguments.empty()) {
        out += ".SH ARGUMENTS\n";
        for (const ArgumentInfo& argument : command.arguments) {
            out += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(argument.name),
                               roff(sentence(argument.help)));
        }
    }
    if (!command.commands.empty()) {
        out += ".SH COMMANDS\n";
        for (const CommandInfo& each : command.commands) {
            out += fmt::format(".TP\n\\fB{}\\fR(1)\n{}\n", roff(page_name(each)),
                               roff(sentence(each.help)));
        }
    }
    return out;
}

/// Lines as they stand, less the indentation that --help gives them.
std::string examples(const std::string& lines) {
    if (lines.empty()) {
        return {};
    }
    std::string out = ".SH EXAMPLES\n.nf\n";
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
        out += roff(line.starts_with("  ") ? line.substr(2) : line) + "\n";
    }
    return out + ".fi\n";
}

struct StatusText {
    ExitCode code;
    const char* meaning;
};
constexpr std::array kStatuses{
    StatusText{ExitCode::Passed, "What was asked for holds, and the measurement can be trusted."},
    StatusText{ExitCode::InternalError, "Something in the run itself failed."},
    StatusText{ExitCode::ThresholdFailed,
               "A threshold does not hold, requests were not answered, or something got worse."},
    StatusText{ExitCode::SetupFailed, "The scenario's setup or an exporter did not come up."},
    StatusText{ExitCode::TeardownFailed, "The scenario's teardown failed."},
    StatusText{ExitCode::InvalidInput, "The scenario or a flag is not valid. Nothing was sent."},
    StatusText{ExitCode::Interrupted, "Stopped. What was measured until then is reported."},
    StatusText{ExitCode::PortInUse, "A port of its own is taken. Nothing was sent."},
    StatusText{ExitCode::SafetyStop, "The load was ended for safety."},
    StatusText{ExitCode::MeasurementInvalid,
               "The load generator was the limit: nothing is said about the target."},
    StatusText{ExitCode::Unreachable, "No connection to the target ever stood."}};

std::string ending(const CommandInfo& command, const CommandInfo& top) {
    const bool is_top = &command == &top;
    std::string out = ".SH \"EXIT STATUS\"\n";
    if (is_top) {
        for (const StatusText& each : kStatuses) {
            out += fmt::format(".TP\n{}\n{}\n", to_int(each.code), roff(each.meaning));
        }
        return out + ".SH \"SEE ALSO\"\nThe documentation in /usr/share/doc/plimsoll.\n";
    }
    return out + fmt::format(
                     "0 where all is well. The others stand in \\fB{0}\\fR(1).\n"
                     ".SH \"SEE ALSO\"\n\\fB{0}\\fR(1)\n",
                     roff(page_name(top)));
}

}  // namespace

std::string page_name(const CommandInfo& command) {
    std::string name = command.path;
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

std::string man_page(const CommandInfo& command, const CommandInfo& top,
                     const std::string& version) {
    const std::string name = page_name(command);
    std::string title = name;
    std::transform(title.begin(), title.end(), title.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    std::string brief = command.help;
    if (brief.ends_with('.')) {
        brief.pop_back();
    }
    std::string out = fmt::format(
        ".TH \"{}\" 1 \"\" \"plimsoll {}\" \"Plimsoll\"\n"
        ".SH NAME\n{} \\- {}\n"
        ".SH SYNOPSIS\n{}.SH DESCRIPTION\n{}\n",
        roff(title), roff(version), roff(name), roff(brief), synopsis(command),
        roff(sentence(command.help)));
    if (!command.remarks.empty()) {
        out += ".PP\n.nf\n" + roff(command.remarks) + "\n.fi\n";
    }
    return out + arguments_and_commands(command) + flag_sections(command) +
           examples(command.examples) + ending(command, top);
}

}  // namespace plimsoll
