#include "scenario/shape_load.hpp"

#include "base/units.hpp"
#include "scenario/parse.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

constexpr const char* kWord = "or say --replace-load to put the flags' load in place of the file's";

QuickLoad quick(const LoadFlags& flags) {
    QuickLoad load;
    load.vus = flags.vus.value_or(flags.rate ? 1000 : 1);
    load.duration = flags.duration;
    load.iterations = flags.iterations;
    load.rate = flags.rate;
    load.stages = flags.stages;
    return load;
}

bool has_rate(const Scenario& scenario) {
    return std::any_of(scenario.load.begin(), scenario.load.end(),
                       [](const Executor& each) { return is_open(each.kind); });
}

std::string describe(const Executor& executor) {
    const double most = executor.ramp.highest();
    return is_open(executor.kind) ? fmt::format("{} up to {}", to_string(executor.kind),
                                                format_rate(Rate::per_second(most)))
                                  : fmt::format("{} with up to {:.0f} {}", to_string(executor.kind),
                                                most, most == 1 ? "user" : "users");
}

std::string describe(const std::vector<Executor>& load) {
    std::vector<std::string> parts;
    for (const Executor& executor : load) {
        parts.push_back(describe(executor));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

Ramp cut_ramp(const Ramp& ramp, Nanoseconds length) {
    std::vector<Ramp::Stage> stages;
    Nanoseconds offset{};
    double level = ramp.start();
    for (const Ramp::Stage& stage : ramp.stages()) {
        if (offset >= length) {
            break;
        }
        if (offset + stage.duration <= length) {
            stages.push_back(stage);
        } else {
            const double share = to_seconds(length - offset) / to_seconds(stage.duration);
            stages.push_back({length - offset, level + (stage.target - level) * share});
        }
        offset += stage.duration;
        level = stage.target;
    }
    return {ramp.start(), std::move(stages)};
}

Result<std::string> cut_load(Scenario& scenario, Nanoseconds length) {
    const Nanoseconds whole = scenario.duration();
    if (length > whole) {
        return Error{fmt::format("must not be longer than the file's load, which lasts {}, got {}",
                                 format_duration(whole), format_duration(length)),
                     "-d/--duration", fmt::format("it cuts that load short; {}", kWord)};
    }
    std::erase_if(scenario.load,
                  [&](const Executor& executor) { return executor.start_time >= length; });
    if (scenario.load.empty()) {
        return Error{fmt::format("must be longer than {}: until then no load begins",
                                 format_duration(length)),
                     "-d/--duration", "give it a longer time"};
    }
    for (Executor& executor : scenario.load) {
        const Nanoseconds left = length - executor.start_time;
        if (executor.ramp.duration() > left) {
            executor.ramp = cut_ramp(executor.ramp, left);
        }
    }
    return length == whole ? std::string()
                           : fmt::format("the file's load is cut short after {} of its {}",
                                         format_duration(length), format_duration(whole));
}

Result<std::string> scale_users(Scenario& scenario, std::uint32_t users) {
    constexpr const char* kFlag = "-u/--vus";
    if (has_rate(scenario)) {
        return Error{fmt::format("would put users in a loop in place of the file's rate ({})",
                                 describe(scenario.load)),
                     kFlag, fmt::format("-r sets a rate, -i a number of iterations; {}", kWord)};
    }
    if (scenario.load.size() != 1) {
        return Error{fmt::format("cannot say which of the file's {} executors it means",
                                 scenario.load.size()),
                     kFlag, fmt::format("change them in the file; {}", kWord)};
    }
    Executor& executor = scenario.load.front();
    const double before = executor.ramp.highest();
    if (is_steered(executor.kind)) {
        return Error{"cannot set the users of externally-controlled load", kFlag,
                     fmt::format("its control port does; {}", kWord)};
    }
    if (executor.kind == ExecutorKind::SharedIterations && executor.iterations < users) {
        return Error{fmt::format("must not be more than the iterations: {} for {} users",
                                 executor.iterations, users),
                     kFlag, "the users share these iterations"};
    }
    const double factor = before > 0 ? users / before : 0;
    std::vector<Ramp::Stage> stages = executor.ramp.stages();
    for (Ramp::Stage& stage : stages) {
        stage.target *= factor;
    }
    executor.ramp = Ramp(executor.ramp.start() * factor, std::move(stages));
    executor.max_vus = users;
    return fmt::format("the file's users are {} in place of {:.0f}", users, before);
}

/// The flags' own load, which they name whole.
Result<std::string> replace_load(Scenario& scenario, const LoadFlags& flags) {
    if (!flags.replace && !flags.stages.empty() && has_rate(scenario)) {
        return Error{fmt::format("would put users in a loop in place of the file's rate ({})",
                                 describe(scenario.load)),
                     "-s/--stage", fmt::format("-r sets a rate; {}", kWord)};
    }
    const std::string before = describe(scenario.load);
    override_load(scenario, quick(flags));
    return fmt::format("the flags replace the file's load ({}) by {}", before,
                       describe(scenario.load));
}

}  // namespace

Result<std::string> shape_load(Scenario& scenario, const LoadFlags& flags) {
    if (!flags.any()) {
        return std::string();
    }
    if (flags.replace || flags.rate || flags.iterations || !flags.stages.empty()) {
        return replace_load(scenario, flags);
    }
    std::vector<std::string> said;
    if (flags.vus) {
        auto scaled = scale_users(scenario, *flags.vus);
        if (!scaled) {
            return scaled;
        }
        said.push_back(*std::move(scaled));
    }
    if (flags.duration) {
        auto cut = cut_load(scenario, *flags.duration);
        if (!cut) {
            return cut;
        }
        if (!cut->empty()) {
            said.push_back(*std::move(cut));
        }
    }
    return fmt::format("{}", fmt::join(said, "; "));
}

}  // namespace plimsoll
