// plimsoll schema
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "experiment/schema/embedded.hpp"
#include "scenario/schema/embedded.hpp"

#include <memory>

namespace plimsoll {

void add_schema_command(Command& app, Action& action) {
    Command* command = app.add_subcommand(
        "schema", "print the JSON Schema of scenario or experiment files, for editors");
    auto kind = std::make_shared<std::string>("scenario");
    command->add_option("KIND", *kind, "of which files")
        ->one_of({"scenario", "experiment"})
        ->capture_default_str();
    command->footer(
        "Editors take it from a file's first line:\n"
        "  # yaml-language-server: $schema=plimsoll.schema.json\n\n"
        "Examples:\n"
        "  plimsoll schema > plimsoll.schema.json\n"
        "  plimsoll schema experiment > experiment.schema.json");
    command->callback([&action, kind] {
        action = [kind] {
            hand_over(*kind == "scenario" ? embedded::scenario_schema
                                          : embedded::experiment_schema);
            return to_int(ExitCode::Passed);
        };
    });
}

}  // namespace plimsoll
