// The command line as commands declare it: flags, arguments and commands below commands.
//
// CLI11 stands behind it, and only in command_line.cpp and command_tree.cpp: a source that includes
// its templates takes ten seconds to compile. What it has is named as CLI11 names it, and does the
// same.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace plimsoll {

/// A flag, or an argument. Lives as long as its command; what it writes into must live until the
/// command line is read. Each function returns the option itself, so that they can be chained.
class Option {
public:
    explicit Option(CLI::Option& option) : option_(&option) {}

    Option* required();
    /// What --help shows for the value.
    Option* type_name(const std::string& name);
    /// The heading of --help that it stands below.
    Option* group(const std::string& heading);
    /// --help shows what the variable holds now.
    Option* capture_default_str();
    /// What the flag alone stands for.
    Option* default_str(const std::string& value);
    /// The environment variable that is read where the flag is not given.
    Option* envname(const std::string& variable);
    /// So many values behind the flag.
    Option* expected(int least, int most);
    /// Of a flag with several values: false lets each stand behind a flag of its own only.
    Option* allow_extra_args(bool allowed);
    /// What parts several values in one word.
    Option* delimiter(char between);
    /// Cannot be given without the other, or not together with it.
    Option* needs(const std::string& other);
    Option* needs(Option* other);
    Option* excludes(const std::string& other);
    Option* excludes(Option* other);

    /// What values there may be. --help shows it, with the type of the bounds.
    Option* one_of(std::initializer_list<const char*> values);
    Option* in_range(int low, int high);
    Option* in_range(std::uint32_t low, std::uint32_t high);
    Option* in_range(std::uint64_t low, std::uint64_t high);
    Option* not_negative();
    /// `fault` says what is wrong with a value, or nothing; --help shows `what`.
    Option* check(const std::function<std::string(const std::string&)>& fault,
                  const std::string& what);

private:
    CLI::Option* option_;
};

/// A command, or the program itself. Threading: the main thread alone.
class Command {
public:
    explicit Command(CLI::App& app);
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    Command* add_subcommand(const std::string& name, const std::string& help);

    /// `names` as "-o,--out", or without dashes for an argument. What is typed goes `into` the
    /// variable, as a value of its type.
    Option* add_option(const std::string& names, std::string& into, const std::string& help);
    Option* add_option(const std::string& names, std::vector<std::string>& into,
                       const std::string& help);
    Option* add_option(const std::string& names, int& into, const std::string& help);
    Option* add_option(const std::string& names, std::uint32_t& into, const std::string& help);
    Option* add_option(const std::string& names, std::uint64_t& into, const std::string& help);
    Option* add_option(const std::string& names, std::optional<int>& into, const std::string& help);
    Option* add_option(const std::string& names, std::optional<std::uint32_t>& into,
                       const std::string& help);
    Option* add_option(const std::string& names, std::optional<std::uint64_t>& into,
                       const std::string& help);
    Option* add_flag(const std::string& names, bool& into, const std::string& help);

    /// Takes back a flag that a group of them has brought along.
    void remove_option(const std::string& name);

    /// What --help says below the flags.
    void footer(const std::string& text);
    /// "" hides it from --help.
    void group(const std::string& heading);
    void require_subcommand(int count);
    /// Runs when the command was chosen and its flags are read.
    void callback(std::function<void()> chosen);
    [[nodiscard]] bool got_subcommand(const Command* below) const;

    /// In a callback: the command line lacks `what`, which is said as of any flag that is required.
    [[noreturn]] void lacks(const std::string& what) const;

    [[nodiscard]] const CLI::App& app() const { return *app_; }

private:
    Option* keep(CLI::Option* option);

    CLI::App* app_;
    std::vector<std::unique_ptr<Option>> options_;
    std::vector<std::unique_ptr<Command>> commands_;
};

/// The program's command line.
class CommandLine {
public:
    CommandLine(const std::string& name, const std::string& help, const std::string& version);
    ~CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    [[nodiscard]] Command& top() { return *top_; }

    /// Nothing: a command was chosen. Else the exit status: help was asked for, or what was typed
    /// is at fault; all is printed by then.
    [[nodiscard]] std::optional<int> parse(int argc, char** argv);

private:
    std::unique_ptr<CLI::App> app_;
    std::unique_ptr<Command> top_;
};

}  // namespace plimsoll
