// plimsoll schema
#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "scenario/schema/embedded.hpp"

#include <CLI/CLI.hpp>

namespace plimsoll {

void add_schema_command(CLI::App& app, Action& action) {
    CLI::App* command =
        app.add_subcommand("schema", "print the JSON Schema of scenario files, for editors");
    command->footer(
        "Editors take it from a scenario's first line:\n"
        "  # yaml-language-server: $schema=plimsoll.schema.json\n\n"
        "Examples:\n"
        "  plimsoll schema > plimsoll.schema.json\n"
        "  plimsoll schema | jq .properties.load");
    command->callback([&action] {
        action = [] {
            hand_over(embedded::scenario_schema);
            return to_int(ExitCode::Passed);
        };
    });
}

}  // namespace plimsoll
