// plimsoll completion bash | zsh | fish, and what packages are made with: plimsoll pages FOLDER.
#include "app/commands/command_line.hpp"
#include "app/commands/command_tree.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/completion_script.hpp"
#include "app/commands/files.hpp"
#include "app/commands/man_page.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/version.hpp"
#include "report/report.hpp"

#include <filesystem>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// `file` and the folders above it.
Status write_below(const std::filesystem::path& file, const std::string& text) {
    std::error_code error;
    std::filesystem::create_directories(file.parent_path(), error);
    if (error) {
        return Error{error.message(), file.parent_path().string()};
    }
    return write_file(file.string(), text);
}

/// As a package has them below its share/: man1, and a folder for each shell.
int write_pages(const CommandInfo& top, const std::string& folder) {
    for (const CommandInfo* command : all_commands(top)) {
        const auto file =
            std::filesystem::path(folder) / "man" / "man1" / (page_name(*command) + ".1");
        if (const Status written = write_below(file, man_page(*command, top, version()));
            !written) {
            return refuse(written.error());
        }
    }
    for (const Shell& shell : kShells) {
        if (const Status written =
                write_below(std::filesystem::path(folder) / shell.install, shell.script(top));
            !written) {
            return refuse(written.error());
        }
    }
    return to_int(ExitCode::Passed);
}

}  // namespace

void add_completion_command(Command& app, Action& action) {
    Command* command =
        app.add_subcommand("completion", "print what makes a shell complete plimsoll's words");
    command->require_subcommand(1);
    command->footer(
        "Packages bring it along.\n"
        "Examples:\n"
        "  plimsoll completion bash > ~/.local/share/bash-completion/completions/plimsoll\n"
        "  plimsoll completion fish > ~/.config/fish/completions/plimsoll.fish");
    for (const Shell& shell : kShells) {
        Command* one = command->add_subcommand(std::string(shell.name),
                                               fmt::format("the script for {}", shell.name));
        one->callback([&app, &action, &shell] {
            action = [&app, &shell] {
                hand_over(shell.script(describe_commands(app)));
                return to_int(ExitCode::Passed);
            };
        });
    }
    // For who builds packages: in no --help, and so in no page.
    Command* pages = app.add_subcommand("pages", "write the manual and the completions");
    pages->group("");
    auto folder = std::make_shared<std::string>();
    pages->add_option("FOLDER", *folder, "what goes to a package's share/")->required();
    pages->callback([&app, &action, folder] {
        action = [&app, folder] { return write_pages(describe_commands(app), *folder); };
    });
}

}  // namespace plimsoll
