// plimsoll new [NAME]
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/starter.hpp"

#include <memory>

namespace plimsoll {
namespace {

struct NewFlags {
    std::string name = "scenario";
    bool force = false;
};

int make_new(const NewFlags& flags) {
    if (flags.name == "-") {
        hand_over(embedded::starter_yaml);
        return to_int(ExitCode::Passed);
    }
    const bool complete = flags.name.ends_with(".yaml") || flags.name.ends_with(".yml");
    const std::string path = complete ? flags.name : flags.name + ".yaml";
    if (const Status written =
            write_new_file(path, std::string(embedded::starter_yaml), flags.force);
        !written) {
        return refuse(written.error());
    }
    say("{} written. Next:\n  plimsoll validate {}\n  plimsoll lab            (a service to try it "
        "on)\n  plimsoll run {}\n",
        path, path, path);
    return to_int(ExitCode::Passed);
}

}  // namespace

void add_new_command(Command& app, Action& action) {
    auto flags = std::make_shared<NewFlags>();
    Command* command = app.add_subcommand("new", "write a commented scenario to start from");
    command
        ->add_option("NAME", flags->name, "the file, .yaml added where it is missing; - for stdout")
        ->capture_default_str();
    command->add_flag("--force", flags->force, "overwrite the file");
    command->footer(
        "Examples:\n"
        "  plimsoll new checkout\n"
        "  plimsoll new - | plimsoll validate -");
    command->callback([flags, &action] { action = [flags] { return make_new(*flags); }; });
}

}  // namespace plimsoll
