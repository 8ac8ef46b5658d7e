#include "app/commands/command_line.hpp"

#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "scenario/wording.hpp"

#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace plimsoll {
namespace {

/// What CLI11 has to say: help to stdout, faults to stderr, where what was typed is repeated.
int say_of(const CLI::App& app, const CLI::Error& error) {
    std::ostringstream out;
    std::ostringstream complaints;
    const int status = app.exit(error, out, complaints);
    say("{}", out.str());
    say(stderr, "{}", complaints.str());
    return status;
}

/// For each flag that the chosen command does not have: the one that was meant, where one is near.
void guess_flags(const CLI::App& app) {
    const CLI::App* chosen = &app;
    while (!chosen->get_subcommands().empty()) {
        chosen = chosen->get_subcommands().front();
    }
    std::vector<std::string> flags;
    for (const CLI::Option* option : chosen->get_options()) {
        flags.insert(flags.end(), option->get_lnames().begin(), option->get_lnames().end());
    }
    const std::vector<std::string_view> known(flags.begin(), flags.end());
    for (const std::string& extra : app.remaining(true)) {
        if (extra.starts_with("--")) {
            const std::string given = extra.substr(2, extra.find('=') - 2);
            const std::string_view near = nearest(given, known);
            if (near == given) {
                say(stderr, "--{} goes after {}\n", given, chosen->get_name());
            } else if (!near.empty()) {
                say(stderr, "did you mean --{} in place of --{}?\n", near, given);
            }
        }
    }
}

}  // namespace

Option* Option::required() {
    option_->required();
    return this;
}

Option* Option::type_name(const std::string& name) {
    option_->type_name(name);
    return this;
}

Option* Option::group(const std::string& heading) {
    option_->group(heading);
    return this;
}

Option* Option::capture_default_str() {
    option_->capture_default_str();
    return this;
}

Option* Option::default_str(const std::string& value) {
    option_->default_str(value);
    return this;
}

Option* Option::envname(const std::string& variable) {
    option_->envname(variable);
    return this;
}

Option* Option::expected(int least, int most) {
    option_->expected(least, most);
    return this;
}

Option* Option::allow_extra_args(bool allowed) {
    option_->allow_extra_args(allowed);
    return this;
}

Option* Option::delimiter(char between) {
    option_->delimiter(between);
    return this;
}

Option* Option::needs(const std::string& other) {
    option_->needs(other);
    return this;
}

Option* Option::needs(Option* other) {
    option_->needs(other->option_);
    return this;
}

Option* Option::excludes(const std::string& other) {
    option_->excludes(other);
    return this;
}

Option* Option::excludes(Option* other) {
    option_->excludes(other->option_);
    return this;
}

Option* Option::one_of(std::initializer_list<const char*> values) {
    option_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
    return this;
}

Option* Option::in_range(int low, int high) {
    option_->check(CLI::Range(low, high));
    return this;
}

Option* Option::in_range(std::uint32_t low, std::uint32_t high) {
    option_->check(CLI::Range(low, high));
    return this;
}

Option* Option::in_range(std::uint64_t low, std::uint64_t high) {
    option_->check(CLI::Range(low, high));
    return this;
}

Option* Option::not_negative() {
    option_->check(CLI::NonNegativeNumber);
    return this;
}

Option* Option::check(const std::function<std::string(const std::string&)>& fault,
                      const std::string& what) {
    option_->check(fault, what);
    return this;
}

Command::Command(CLI::App& app) : app_(&app) {}
Command::~Command() = default;

Option* Command::keep(CLI::Option* option) {
    return options_.emplace_back(std::make_unique<Option>(*option)).get();
}

Command* Command::add_subcommand(const std::string& name, const std::string& help) {
    CLI::App* const below = app_->add_subcommand(name, help);
    return commands_.emplace_back(std::make_unique<Command>(*below)).get();
}

Option* Command::add_option(const std::string& names, std::string& into, const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_option(const std::string& names, std::vector<std::string>& into,
                            const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_option(const std::string& names, int& into, const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_option(const std::string& names, std::uint32_t& into,
                            const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_option(const std::string& names, std::uint64_t& into,
                            const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_option(const std::string& names, std::optional<int>& into,
                            const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_option(const std::string& names, std::optional<std::uint32_t>& into,
                            const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_option(const std::string& names, std::optional<std::uint64_t>& into,
                            const std::string& help) {
    return keep(app_->add_option(names, into, help));
}

Option* Command::add_flag(const std::string& names, bool& into, const std::string& help) {
    return keep(app_->add_flag(names, into, help));
}

void Command::remove_option(const std::string& name) {
    app_->remove_option(app_->get_option(name));
}

void Command::footer(const std::string& text) {
    app_->footer(text);
}

void Command::group(const std::string& heading) {
    app_->group(heading);
}

void Command::require_subcommand(int count) {
    app_->require_subcommand(count);
}

void Command::callback(std::function<void()> chosen) {
    app_->callback(std::move(chosen));
}

bool Command::got_subcommand(const Command* below) const {
    return app_->got_subcommand(below->app_);
}

void Command::lacks(const std::string& what) const {
    throw CLI::RequiredError(app_->get_name() + ": " + what);
}

CommandLine::CommandLine(const std::string& name, const std::string& help,
                         const std::string& version)
    : app_(std::make_unique<CLI::App>(help, name)), top_(std::make_unique<Command>(*app_)) {
    app_->set_version_flag("--version", version);
}

CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::parse(int argc, char** argv) {
    try {
        app_->parse(argc, argv);
    } catch (const CLI::RequiredError& error) {
        // CLI11 would only say that a command is required.
        if (argc > 1 && argv[1][0] != '-' && app_->get_subcommands().empty()) {
            say(stderr, "plimsoll: unknown command \"{}\" (plimsoll --help lists them)\n", argv[1]);
        } else {
            say_of(*app_, error);
        }
        return to_int(ExitCode::InvalidInput);
    } catch (const CLI::ExtrasError& error) {
        say_of(*app_, error);
        guess_flags(*app_);
        return to_int(ExitCode::InvalidInput);
    } catch (const CLI::ParseError& error) {
        const int status = say_of(*app_, error);
        return status == 0 ? 0 : to_int(ExitCode::InvalidInput);
    }
    return std::nullopt;
}

}  // namespace plimsoll
