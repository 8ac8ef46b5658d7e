// plimsoll find SCENARIO | URL
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/export_flags.hpp"
#include "app/commands/files.hpp"
#include "app/commands/find_flags.hpp"
#include "app/commands/probe_flags.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/find_pilot.hpp"
#include "app/run_session.hpp"
#include "base/units.hpp"
#include "scenario/parse.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct FindCommandFlags {
    OutputFlags output;
    std::string scenario;
    std::vector<std::string> env;
    FindFlags find;
    ProbeFlags probes;
    ExportFlags exports;
};

std::optional<Scenario> load_scenario(const std::string& where) {
    if (where.find("://") != std::string::npos || where.starts_with("unix:")) {
        auto scenario = scenario_for_url(where, QuickLoad{});
        if (!scenario) {
            refuse(scenario.error());
            return std::nullopt;
        }
        return std::move(*scenario);
    }
    return load_scenario_file(where);
}

int find(const FindCommandFlags& flags) {
    auto options = flags.output.to_session();
    if (!options) {
        return refuse(options.error());
    }
    auto request = flags.find.to_request(flags.output.seed);
    if (!request) {
        return refuse(request.error());
    }
    if (const Status set = set_environment(flags.env); !set) {
        return refuse(set.error());
    }
    auto scenario = load_scenario(flags.scenario);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    if (const Status applied = flags.probes.apply(scenario->probes); !applied) {
        return refuse(applied.error());
    }
    if (const Status applied = flags.exports.apply(scenario->exports, *options); !applied) {
        return refuse(applied.error());
    }
    StopRequest stop;
    return run_find(*std::move(scenario), *request, std::move(*options), stop);
}

}  // namespace

int run_find(Scenario scenario, const FindRequest& request, SessionOptions options,
             StopRequest& stop) {
    // What is judged by it in the end must be what was searched: the block says users or arrivals.
    const FindRequest whole = with_plan(request, scenario.find);
    auto prepared = prepare_find(scenario, whole);
    if (!prepared) {
        return refuse(prepared.error());
    }
    if (options.view != ViewMode::Off) {
        say("find      {} against {}, by", scenario.name, scenario.target.to_string());
        for (const std::string& goal : prepared->goal.texts()) {
            say(" {};", goal);
        }
        say(" at most {}\n", format_duration(whole.budget.value_or(kBudget)));
        for (const Threshold& threshold : scenario.thresholds) {
            if (!is_step_goal(threshold)) {
                say("note      {}: {} is of a whole run and says nothing about a step: left out\n",
                    threshold.key, threshold.expression);
            }
        }
    }
    FindPilot pilot(std::move(*prepared));
    options.pilot = &pilot;
    // Of the whole search they say nothing: half of its steps are meant to be too much.
    options.judge_thresholds = false;
    options.find = true;
    const ExitCode ended = run_session(scenario, std::move(options), stop).code;
    const bool own = ended == ExitCode::Passed || ended == ExitCode::ThresholdFailed ||
                     ended == ExitCode::MeasurementInvalid;
    return to_int(own ? exit_code_of(pilot.result(), whole) : ended);
}

void add_find_command(Command& app, Action& action) {
    auto flags = std::make_shared<FindCommandFlags>();
    Command* command = app.add_subcommand("find", "search the highest load that a service carries");
    command
        ->add_option("SCENARIO", flags->scenario,
                     "a scenario file, or a plain http:// or https:// URL")
        ->required();
    flags->find.add_to(*command);
    command->add_option("-e,--env", flags->env, "set ${env.NAME} of the scenario")
        ->type_name("K=V")
        ->allow_extra_args(false);
    flags->probes.add_to(*command);
    flags->exports.add_to(*command);
    flags->output.add_to(*command);
    command->footer(
        "What \"carries\" means is what the scenario's thresholds say; without any, a p99 of ten\n"
        "times the baseline's and fewer than 1 % failures.\n"
        "Examples:\n"
        "  plimsoll find checkout.yaml --at-least 300/s\n"
        "  plimsoll find http://127.0.0.1:8080/ --budget 5m --precision 10%");
    command->callback([flags, &action] { action = [flags] { return find(*flags); }; });
}

}  // namespace plimsoll
