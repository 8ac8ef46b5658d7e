// plimsoll validate SCENARIO
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/console.hpp"
#include "app/version.hpp"
#include "base/units.hpp"
#include "engine/single_run.hpp"
#include "scenario/parse.hpp"

#include <cstdlib>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

void print_plan(const Scenario& scenario) {
    say("{}: valid\n  target  {}\n  length  {}\n", scenario.name, scenario.target.to_string(),
        format_duration(scenario.duration()));
    for (const UserClass& user : scenario.users) {
        say("  user    {}  weight {}  {} steps\n", user.name, user.weight, user.steps.size());
    }
    for (const Executor& executor : scenario.load) {
        const double expected = executor.ramp.integral(executor.ramp.duration());
        say("  load    {}  {}  for {}{}", executor.name, to_string(executor.kind),
            is_counted(executor.kind) ? "at most " : "", format_duration(executor.ramp.duration()));
        if (executor.start_time != Nanoseconds{}) {
            say(" after {}", format_duration(executor.start_time));
        }
        if (is_open(executor.kind)) {
            say("  up to {}  about {:.0f} arrivals, at most {} users\n",
                format_rate(Rate::per_second(executor.ramp.highest())), expected, executor.max_vus);
        } else if (is_counted(executor.kind)) {
            say("  {:.0f} users, {} iterations {}\n", executor.ramp.highest(), executor.iterations,
                executor.kind == ExecutorKind::PerVuIterations ? "each" : "in all");
        } else {
            say("  up to {:.0f} users\n", executor.ramp.highest());
        }
        if (!executor.profile.empty()) {
            say("          profile {}: {}\n", executor.profile, stages_text(executor));
        }
        for (const std::uint32_t index : executor.users) {
            say("          of  {}\n", scenario.users[index].name);
        }
    }
    for (const Threshold& threshold : scenario.thresholds) {
        say("  must    {}: {}\n", threshold.key, threshold.expression);
    }
}

/// Goes through `user` once and prints each request; false where one failed. `shared` takes what it
/// made.
bool try_out(const Scenario& scenario, const UserClass& user, std::vector<Variable>& shared,
             bool keep) {
    RunInfo base;
    base.version = version();
    SingleRunOptions options;
    options.go_on = true;
    options.shared = shared;
    const auto ran = run_single(scenario, user, base, std::move(options));
    if (!ran) {
        say(stderr, "plimsoll: {}\n", ran.error().to_string());
        return false;
    }
    for (const SingleRequest& request : ran->requests) {
        say("  {} {}\n", is_failure(request.sample.outcome) ? "✗" : "✓",
            describe(request, scenario));
    }
    if (keep) {
        shared = ran->variables;
    }
    return ran->ok;
}

/// One request of each step, in the order of the file, and whether it was answered as it should.
ExitCode check_target(const Scenario& scenario) {
    std::vector<Variable> shared;
    bool ok = true;
    const auto part = [&](const std::string& name, const UserClass& user, bool keep) {
        if (!user.steps.empty()) {
            say("{}\n", name);
            ok = try_out(scenario, trial_of(user), shared, keep) && ok;
        }
    };
    part("setup", scenario.setup, true);
    for (const UserClass& user : scenario.users) {
        part("user " + user.name, user, false);
    }
    part("teardown", scenario.teardown, false);
    say("{}\n",
        ok ? "every step was answered as expected" : "not every step was answered as expected");
    return ok ? ExitCode::Passed : ExitCode::ThresholdFailed;
}

int validate(const std::string& path, bool check) {
    const auto text = read_file(path);
    if (!text) {
        return refuse(text.error());
    }
    const ParseOutcome parsed = parse_scenario(
        *text, {path, [](const char* name) -> const char* { return std::getenv(name); }});
    if (!parsed.scenario) {
        say(stderr, "{}", format_faults(parsed.faults, path));
        return to_int(ExitCode::InvalidInput);
    }
    print_plan(*parsed.scenario);
    return to_int(check ? check_target(*parsed.scenario) : ExitCode::Passed);
}

}  // namespace

void add_validate_command(CLI::App& app, Action& action) {
    auto path = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("validate", "check a scenario and print its plan");
    auto check = std::make_shared<bool>(false);
    command->add_option("SCENARIO", *path, "a scenario file")->required();
    command->add_flag("--check-target", *check,
                      "also send one request of each step and say how it was answered");
    command->footer(
        "Examples:\n"
        "  plimsoll validate checkout.yaml\n"
        "  TARGET=http://127.0.0.1:8080 plimsoll validate examples/quickstart.yaml\n"
        "  plimsoll validate checkout.yaml --check-target");
    command->callback(
        [path, check, &action] { action = [path, check] { return validate(*path, *check); }; });
}

}  // namespace plimsoll
