#include "app/commands/scenario_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/files.hpp"
#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "base/units.hpp"
#include "scenario/parse.hpp"
#include "scenario/shape_load.hpp"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint32_t kMostUsers = 10'000'000;

Result<Ramp::Stage> parse_stage(const std::string& text) {
    const auto colon = text.find(':');
    const Error wrong{fmt::format("must be DURATION:USERS, got \"{}\"", text), "-s/--stage",
                      "e.g. -s 30s:100"};
    if (colon == std::string::npos) {
        return wrong;
    }
    const auto duration = parse_duration(text.substr(0, colon));
    if (!duration) {
        return at_flag(duration.error(), "-s/--stage");
    }
    std::uint32_t users = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, users);
    if (read.ec != std::errc{} || read.ptr != end || users > kMostUsers) {
        return wrong;
    }
    return Ramp::Stage{*duration, static_cast<double>(users)};
}

/// Each says the whole load: of two, one would count for nothing.
Status check_one_load(const ScenarioFlags& flags) {
    const char* const other = !flags.rate.empty()       ? "-r/--rate"
                              : !flags.duration.empty() ? "-d/--duration"
                                                        : nullptr;
    if (!flags.stages.empty() && other != nullptr) {
        return Error{"cannot stand beside -s/--stage", other,
                     "stages say how many users there are, and for how long"};
    }
    return {};
}

Status check_iterations(const ScenarioFlags& flags) {
    constexpr const char* kFlag = "-i/--iterations";
    if (flags.iterations && (!flags.rate.empty() || !flags.stages.empty())) {
        return Error{
            fmt::format("cannot stand beside {}", flags.rate.empty() ? "-s/--stage" : "-r/--rate"),
            kFlag, "-u 5 -i 100: five users share a hundred iterations"};
    }
    const std::uint32_t users = flags.vus.value_or(1);
    if (flags.iterations && *flags.iterations < users) {
        return Error{fmt::format("must not be fewer than the users: {} for {} users",
                                 *flags.iterations, users),
                     kFlag, "the users share these iterations"};
    }
    return {};
}

Result<QuickLoad> quick_load(const ScenarioFlags& flags) {
    for (const Status& fits : {check_iterations(flags), check_one_load(flags)}) {
        if (!fits) {
            return fits.error();
        }
    }
    QuickLoad load;
    load.vus = flags.vus.value_or(1);
    load.iterations = flags.iterations;
    if (!flags.duration.empty()) {
        const auto duration = parse_duration(flags.duration);
        if (!duration) {
            return at_flag(duration.error(), "-d/--duration");
        }
        load.duration = *duration;
    }
    if (!flags.rate.empty()) {
        const auto rate = parse_rate(flags.rate);
        if (!rate) {
            return at_flag(rate.error(), "--rate");
        }
        load.rate = *rate;
        load.vus = flags.vus.value_or(1000);
    }
    for (const std::string& text : flags.stages) {
        const auto stage = parse_stage(text);
        if (!stage) {
            return stage.error();
        }
        load.stages.push_back(*stage);
    }
    return load;
}

/// The scenario that the flags name; nothing where it is at fault (all is printed by then).
std::optional<Scenario> load_named(const ScenarioFlags& flags, const QuickLoad& load) {
    if (flags.scenario.find("://") != std::string::npos || flags.scenario.starts_with("unix:")) {
        const auto request = flags.request.request();
        auto scenario = request ? scenario_for_url(flags.scenario, load, *request)
                                : Result<Scenario>(request.error());
        if (!scenario) {
            refuse(scenario.error());
            return std::nullopt;
        }
        return std::move(*scenario);
    }
    if (const char* const flag = flags.request.first()) {
        refuse({"belongs to a URL; a scenario file says itself what is sent", flag,
                "write it into the file's steps"});
        return std::nullopt;
    }
    auto scenario = load_scenario_file(flags.scenario);
    if (!scenario) {
        return std::nullopt;
    }
    LoadFlags given;
    given.vus = flags.vus;
    given.iterations = load.iterations;
    given.duration = load.duration;
    given.rate = load.rate;
    given.stages = load.stages;
    given.replace = flags.replace_load;
    const auto shaped = shape_load(*scenario, given);
    if (!shaped) {
        refuse(shaped.error());
        return std::nullopt;
    }
    if (!shaped->empty()) {
        say(stderr, "plimsoll: {}\n", *shaped);
    }
    return scenario;
}

}  // namespace

std::optional<Scenario> ScenarioFlags::load() const {
    const auto load = quick_load(*this);
    if (!load) {
        refuse(load.error());
        return std::nullopt;
    }
    if (const Status set = set_environment(env); !set) {
        refuse(set.error());
        return std::nullopt;
    }
    return load_named(*this, *load);
}

void ScenarioFlags::add_to(Command& command) {
    command.add_option("SCENARIO", scenario, "a scenario file, or a plain http:// or https:// URL")
        ->required();
    command
        .add_option("-u,--vus", vus,
                    "users (with --rate: at most so many); of a file: in "
                    "place of its users")
        ->in_range(1U, kMostUsers);
    command.add_option("-d,--duration", duration,
                       "how long, e.g. 30s; of a file: cut its load short");
    command
        .add_option("-i,--iterations", iterations,
                    "iterations that the users share (with -d: within that time)")
        ->in_range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000});
    command.add_option("-r,--rate", rate, "arrivals instead of users, e.g. 200/s");
    command
        .add_option("-s,--stage", stages,
                    "ramp users: DURATION:USERS; several by commas or by repeating it")
        ->type_name("TIME:N")
        ->delimiter(',')
        ->allow_extra_args(false);
    command.add_flag("--replace-load", replace_load,
                     "with a file: run the load of these flags in place of its own");
    command
        .add_option("-e,--env", env,
                    "${env.NAME} of the scenario must be set; NAME=VALUE sets it, for every user "
                    "of this machine to see; @FILE: lines of NAME=VALUE")
        ->type_name("NAME")
        ->allow_extra_args(false);
    request.add_to(command);
}

}  // namespace plimsoll
