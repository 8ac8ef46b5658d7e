#include "analysis/compare/comparable.hpp"

#include "analysis/verdict_text.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Of memory some is the firmware's and the kernel's: the same model of machine shows a little less
// or more of it.
constexpr double kSameMemory = 0.1;
// Of the load's length; what is cut off by Ctrl-C or a threshold is shorter than that.
constexpr double kSameLength = 0.1;

std::string fact(const RunData& data, const std::string& key) {
    const auto found = data.facts.find(key);
    return found == data.facts.end() ? std::string() : found->second;
}

std::string level_of(const ExecutorInfo& executor) {
    std::string text = fmt::format("{} from {:.4g}{}", to_string(executor.kind),
                                   executor.start_value, executor.open ? "/s" : " users");
    for (const StageInfo& stage : executor.stages) {
        text += fmt::format(", {} to {:.4g}", format_duration(stage.to - stage.from), stage.target);
    }
    return text;
}

/// "" where both put the same load on.
std::string load_difference(const ComparedRun& first, const ComparedRun& other) {
    const bool search = first.analysis.find.has_value();
    if (search != other.analysis.find.has_value()) {
        return search ? "it is no search for the capacity" : "it is a search for the capacity";
    }
    if (search) {
        return first.analysis.find->open == other.analysis.find->open
                   ? std::string()
                   : "one search was by arrivals, the other by users";
    }
    const auto& was = first.data.info.executors;
    const auto& is = other.data.info.executors;
    if (was.size() != is.size()) {
        return fmt::format("{} executors, not {}", is.size(), was.size());
    }
    for (std::size_t i = 0; i < was.size(); ++i) {
        if (level_of(was[i]) != level_of(is[i])) {
            return fmt::format("{}, not {}", level_of(is[i]), level_of(was[i]));
        }
        if (was[i].max_users != is[i].max_users) {
            return fmt::format("at most {} users, not {}", is[i].max_users, was[i].max_users);
        }
    }
    const double least = std::min(first.data.load_end_s, other.data.load_end_s);
    const double most = std::max(first.data.load_end_s, other.data.load_end_s);
    if (most - least > std::max(1.0, kSameLength * most)) {
        return fmt::format("it lasted {}, not {}", human_seconds(other.data.load_end_s),
                           human_seconds(first.data.load_end_s));
    }
    return {};
}

/// "" where both ran on the same class of machine, as far as it is known.
std::string machine_difference(const RunData& first, const RunData& other) {
    for (const auto& [key, name] :
         {std::pair{"env.machine", "architecture"}, std::pair{"env.cpu", "processor"},
          std::pair{"env.cores", "cores"}}) {
        const std::string was = fact(first, key);
        const std::string is = fact(other, key);
        if (!was.empty() && !is.empty() && was != is) {
            return fmt::format("{} {}, not {}", name, is, was);
        }
    }
    const double was = first.fact("env.memory_bytes", 0);
    const double is = other.fact("env.memory_bytes", 0);
    if (was > 0 && is > 0 && std::abs(was - is) > kSameMemory * std::max(was, is)) {
        constexpr double kGiB = 1024.0 * 1024 * 1024;
        return fmt::format("memory {:.1f} GiB, not {:.1f} GiB", is / kGiB, was / kGiB);
    }
    return {};
}

void check_alone(const ComparedRun& run, std::vector<Mismatch>& found) {
    if (run.analysis.verdict == Verdict::Invalid) {
        found.push_back({fmt::format("{}: its measurement is INVALID: {}", run.path,
                                     failed_checks(run.analysis.checks, true)),
                         true});
    }
    if (!run.data.finished) {
        found.push_back({fmt::format("{}: it was cut off before its end", run.path)});
    }
    if (run.analysis.requests == 0) {
        found.push_back({fmt::format("{}: it has no requests", run.path)});
    }
}

}  // namespace

std::vector<Mismatch> mismatches(const std::vector<const ComparedRun*>& runs) {
    std::vector<Mismatch> found;
    const ComparedRun& first = *runs.front();
    for (const ComparedRun* run : runs) {
        check_alone(*run, found);
        if (run == &first) {
            continue;
        }
        if (run->scenario_sha256 != first.scenario_sha256) {
            found.push_back(
                {fmt::format("{}: its scenario is not that of {} (SHA-256 {:.8}…, not {:.8}…)",
                             run->path, first.path, run->scenario_sha256, first.scenario_sha256)});
        }
        if (const std::string load = load_difference(first, *run); !load.empty()) {
            found.push_back(
                {fmt::format("{}: its load is not that of {}: {}", run->path, first.path, load)});
        }
        if (!(run->data.info.segment == first.data.info.segment)) {
            found.push_back(
                {fmt::format("{}: it is segment {}/{}, not {}/{}", run->path,
                             run->data.info.segment.number, run->data.info.segment.count,
                             first.data.info.segment.number, first.data.info.segment.count)});
        }
        if (const std::string machine = machine_difference(first.data, run->data);
            !machine.empty()) {
            found.push_back({fmt::format("{}: it ran on another class of machine than {}: {}",
                                         run->path, first.path, machine)});
        }
    }
    return found;
}

}  // namespace plimsoll
