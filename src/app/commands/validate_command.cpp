// plimsoll validate SCENARIO
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/plan.hpp"
#include "app/version.hpp"
#include "engine/single_run.hpp"
#include "scenario/parse.hpp"
#include "scenario/redact.hpp"
#include "scenario/secret_text.hpp"

#include <cstdlib>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

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
        say("  {} {}\n", request.sample.outcome != Outcome::Ok ? "✗" : "✓",
            mask_values(mask_secrets(describe(request, scenario)), scenario.secrets));
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

struct ValidateFlags {
    std::string path;
    std::vector<std::string> env;
    bool check = false;
    bool quiet = false;
};

int validate(const ValidateFlags& flags) {
    const std::string& path = flags.path;
    if (const Status set = set_environment(flags.env); !set) {
        return refuse(set.error());
    }
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
    if (!flags.quiet) {
        say("{}", plan_text(*parsed.scenario, locale_is_utf8()));
    }
    return to_int(flags.check ? check_target(*parsed.scenario) : ExitCode::Passed);
}

}  // namespace

void add_validate_command(Command& app, Action& action) {
    auto flags = std::make_shared<ValidateFlags>();
    Command* command = app.add_subcommand("validate", "check a scenario and print its plan");
    command->add_option("SCENARIO", flags->path, "a scenario file, or - for stdin")->required();
    command->add_flag("--check-target", flags->check,
                      "also send one request of each step and say how it was answered");
    command->add_option("-e,--env", flags->env, "set ${env.NAME} of the scenario")
        ->type_name("K=V");
    command->add_flag("-q,--quiet", flags->quiet, "only faults, on stderr");
    command->footer(
        "Examples:\n"
        "  plimsoll validate examples/quickstart.yaml -e TARGET=http://127.0.0.1:8080\n"
        "  plimsoll validate checkout.yaml --check-target");
    command->callback([flags, &action] { action = [flags] { return validate(*flags); }; });
}

}  // namespace plimsoll
