// plimsoll calibrate [SCENARIO]
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "engine/calibrate.hpp"
#include "scenario/parse.hpp"

#include <cstdlib>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct CalibrateFlags {
    std::string scenario;
    std::string duration = "3s";
};

std::optional<Scenario> scenario_of(const std::string& path) {
    if (path.empty()) {
        auto plain = scenario_for_url("http://127.0.0.1/", {});
        return plain ? std::optional(std::move(*plain)) : std::nullopt;
    }
    const auto text = read_file(path);
    if (!text) {
        refuse(text.error());
        return std::nullopt;
    }
    ParseOutcome parsed = parse_scenario(
        *text, {path, [](const char* name) -> const char* { return std::getenv(name); }});
    if (!parsed.scenario) {
        say(stderr, "{}", format_faults(parsed.faults, path));
    }
    return std::move(parsed.scenario);
}

int run(const CalibrateFlags& flags) {
    init_logging(Verbosity::Normal);
    const auto duration = parse_duration(flags.duration);
    if (!duration || *duration < std::chrono::milliseconds(100)) {
        return refuse({"must be a time of at least 100ms", "-d/--duration", "e.g. -d 3s"});
    }
    const auto scenario = scenario_of(flags.scenario);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    const auto ceiling = calibrate(*scenario, *duration);
    if (!ceiling) {
        say(stderr, "plimsoll: {}\n", ceiling.error().to_string());
        return to_int(ExitCode::InternalError);
    }
    say("ceiling   {:.0f} requests/s per shard with a core of its own\n"
        "cost      {:.2f} µs of CPU per request, over {} requests of {}\n"
        "achieved  {:.0f} requests/s by one shard against a null server on this machine\n"
        "offer     at most {:.0f}/s per shard: half the ceiling leaves room for truthful timing\n",
        ceiling->per_shard(), ceiling->cpu_us_per_request, ceiling->requests,
        flags.scenario.empty() ? "a plain GET" : scenario->name, ceiling->achieved_rate,
        ceiling->per_shard() / 2);
    return to_int(ExitCode::Passed);
}

}  // namespace

void add_calibrate_command(Command& app, Action& action) {
    auto flags = std::make_shared<CalibrateFlags>();
    Command* command = app.add_subcommand(
        "calibrate", "measure how many requests/s this machine could make; loopback only");
    command->add_option("SCENARIO", flags->scenario,
                        "a scenario file, for the cost of its own requests (default: a plain GET)");
    command->add_option("-d,--duration", flags->duration, "how long")->capture_default_str();
    command->footer(
        "Examples:\n"
        "  plimsoll calibrate\n"
        "  plimsoll calibrate checkout.yaml -d 5s");
    command->callback([flags, &action] { action = [flags] { return run(*flags); }; });
}

}  // namespace plimsoll
