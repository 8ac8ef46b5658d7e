// The commands, one file each. Each adds itself to the command line and says what to run.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace plimsoll {

/// Set by the command that was chosen; returns the process's exit status.
using Action = std::function<int()>;

void add_run_command(CLI::App& app, Action& action);
void add_alerts_command(CLI::App& app, Action& action);
void add_calibrate_command(CLI::App& app, Action& action);
void add_experiment_command(CLI::App& app, Action& action);
void add_export_command(CLI::App& app, Action& action);
void add_find_command(CLI::App& app, Action& action);
void add_compare_command(CLI::App& app, Action& action);
void add_demo_command(CLI::App& app, Action& action);
void add_lab_command(CLI::App& app, Action& action);
/// A subcommand of lab, which it returns.
CLI::App* add_lab_proxy_command(CLI::App& lab, Action& action);
void add_merge_command(CLI::App& app, Action& action);
void add_gather_command(CLI::App& app, Action& action);
void add_probe_command(CLI::App& app, Action& action);
void add_report_command(CLI::App& app, Action& action);
void add_validate_command(CLI::App& app, Action& action);
void add_schema_command(CLI::App& app, Action& action);
void add_new_command(CLI::App& app, Action& action);
void add_import_command(CLI::App& app, Action& action);
void add_ui_command(CLI::App& app, Action& action);
void add_completion_command(CLI::App& app, Action& action);

}  // namespace plimsoll
