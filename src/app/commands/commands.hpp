// The commands, one file each. Each adds itself to the command line and says what to run.
#pragma once

#include <functional>
#include <string>

namespace plimsoll {

class Command;

/// Set by the command that was chosen; returns the process's exit status.
using Action = std::function<int()>;

void add_run_command(Command& app, Action& action);
void add_alerts_command(Command& app, Action& action);
void add_calibrate_command(Command& app, Action& action);
void add_experiment_command(Command& app, Action& action);
void add_export_command(Command& app, Action& action);
void add_find_command(Command& app, Action& action);
void add_compare_command(Command& app, Action& action);
void add_demo_command(Command& app, Action& action);
void add_lab_command(Command& app, Action& action);
/// A subcommand of lab, which it returns.
Command* add_lab_proxy_command(Command& lab, Action& action);
void add_deploy_command(Command& app, Action& action);
void add_plan_capacity_command(Command& app, Action& action);
void add_merge_command(Command& app, Action& action);
void add_gather_command(Command& app, Action& action);
void add_probe_command(Command& app, Action& action);
void add_report_command(Command& app, Action& action);
void add_validate_command(Command& app, Action& action);
void add_schema_command(Command& app, Action& action);
void add_new_command(Command& app, Action& action);
void add_import_command(Command& app, Action& action);
void add_ui_command(Command& app, Action& action);
void add_completion_command(Command& app, Action& action);

}  // namespace plimsoll
