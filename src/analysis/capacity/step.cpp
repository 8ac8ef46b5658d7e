#include "analysis/capacity/step.hpp"

#include "analysis/as_double.hpp"
#include "analysis/capacity/goals.hpp"
#include "analysis/steady.hpp"
#include "analysis/validity.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// A step's first tick holds the change of the level itself.
constexpr std::size_t kFewestSteadyTicks = 3;
constexpr double kMostUsersBusy = 0.01;  // of what was due: the same limit as of a whole run
constexpr double kPilesUpErrors = 3;     // standard errors of the slope
constexpr double kPilesUpGrowth = 0.10;  // of the mean in flight
constexpr double kCompletedOfDue = 0.99;
// A queue of fewer requests than this comes and goes by chance.
constexpr double kFewInFlight = 5;

// A cut of the warm-up hides a burst as well as a cold start: what is cut must be slower by half.
constexpr double kWarmUpExcess = 0.405;  // log(1.5)
// A quantile is so many standard errors from its limit where an answer hangs on it: of an end that
// is said to be carried, and of one that is said not to be.
constexpr double kErrorsBelow = 3;
constexpr double kErrorsAbove = 1;
/// Of a run's checks, those that blame the generator alone.
constexpr std::array<std::string_view, 5> kGeneratorChecks{
    "sent_ratio", "send_lag_p99", "generator_cpu", "loop_lag", "local_ports"};

struct Line {
    double slope = 0, error = 0, mean = 0, length = 0;
};

/// Least squares of what is in flight at the ticks' ends.
Line in_flight_line(std::span<const StepTick> ticks) {
    const auto n = static_cast<double>(ticks.size());
    Line line;
    double mean_t = 0;
    for (const StepTick& tick : ticks) {
        mean_t += tick.facts.to_s / n;
        line.mean += tick.facts.state.in_flight / n;
    }
    double tt = 0;
    double ty = 0;
    for (const StepTick& tick : ticks) {
        tt += (tick.facts.to_s - mean_t) * (tick.facts.to_s - mean_t);
        ty += (tick.facts.to_s - mean_t) * (tick.facts.state.in_flight - line.mean);
    }
    line.length = ticks.back().facts.to_s - ticks.front().facts.from_s;
    if (ticks.size() < 3 || tt <= 0) {
        return line;
    }
    line.slope = ty / tt;
    double rest = 0;
    for (const StepTick& tick : ticks) {
        const double off =
            tick.facts.state.in_flight - line.mean - line.slope * (tick.facts.to_s - mean_t);
        rest += off * off;
    }
    line.error = std::sqrt(rest / (n - 2) / tt);
    return line;
}

LoadCounts counts_of(std::span<const StepTick> ticks) {
    LoadCounts sum;
    for (const StepTick& tick : ticks) {
        sum.merge(tick.facts.counts);
    }
    return sum;
}

/// Why it did not keep up, where it did not.
std::optional<std::string> falls_behind(const StepQuestion& question,
                                        std::span<const StepTick> ticks) {
    const LoadCounts counts = counts_of(ticks);
    const double due = as_double(counts.arrivals_due);
    if (!question.open || due <= 0) {
        return std::nullopt;
    }
    const double busy = as_double(counts.not_sent_user_cap);
    if (busy > kMostUsersBusy * due) {
        return fmt::format("{:.1f} % of the arrivals found every user busy", 100 * busy / due);
    }
    const Line line = in_flight_line(ticks);
    const double growth = line.slope * line.length;
    const double completed = as_double(counts.iterations_completed) / due;
    if (line.slope > kPilesUpErrors * line.error &&
        growth > std::max(kPilesUpGrowth * line.mean,
                          kFewInFlight + kPilesUpErrors * std::sqrt(line.mean)) &&
        completed < kCompletedOfDue) {
        return fmt::format(
            "requests piled up: {:.0f} more in flight after {:.0f} s, and {:.1f} % "
            "of what was due completed",
            growth, line.length, 100 * completed);
    }
    return std::nullopt;
}

/// The steady part as a run of its own, for the checks of the generator.
std::optional<std::string> generator_at_limit(const RunInfo& info,
                                              std::span<const StepTick> ticks) {
    RunData data;
    data.info = info;
    for (const StepTick& tick : ticks) {
        data.ticks.push_back(tick.facts);
        data.all.merge(tick.all);
        data.counts.merge(tick.facts.counts);
    }
    data.duration_s = ticks.back().facts.to_s;
    data.load_end_s = data.duration_s;
    for (const ValidityCheck& check : check_validity(data)) {
        const bool ours = std::find(kGeneratorChecks.begin(), kGeneratorChecks.end(), check.name) !=
                          kGeneratorChecks.end();
        if (ours && !check.ok && check.decisive) {
            return check.why;
        }
    }
    return std::nullopt;
}

std::size_t warm_up_ticks(StepKind kind, std::span<const StepTick> ticks) {
    if (ticks.size() <= kFewestSteadyTicks) {
        return 0;
    }
    // Later it is warm, and what is slow at first is a burst of the queue as any other: without it
    // the tail would look better than it is.
    if (kind == StepKind::Bisection || kind == StepKind::Confirmation) {
        return 1;
    }
    std::vector<double> logs;
    for (const StepTick& tick : ticks.subspan(1)) {
        logs.push_back(std::log(std::max(tick.facts.response_mean_s, 1e-6)));
    }
    const std::size_t cut = steady_from(logs, logs.size() / 2);
    const auto mean = [&](auto from, auto to) {
        return std::accumulate(from, to, 0.0) / static_cast<double>(to - from);
    };
    const auto at = logs.begin() + static_cast<std::ptrdiff_t>(cut);
    const bool cold = cut > 0 && mean(logs.begin(), at) > mean(at, logs.end()) + kWarmUpExcess;
    return cold ? 1 + cut : 1;
}

void fill_figures(std::span<const StepTick> ticks, StepResult& result) {
    EndpointStats all;
    std::vector<TickShare> failed;
    std::vector<TickShare> slow;
    double area = 0;
    for (const StepTick& tick : ticks) {
        all.merge(tick.all);
        failed.push_back({as_double(tick.all.failed), as_double(tick.all.requests)});
        area += tick.facts.state.in_flight_mean * tick.facts.seconds();
    }
    result.requests = all.requests;
    result.failed_ratio = share_of(failed);
    const Nanoseconds p99 = all.response.quantile(0.99);
    for (const StepTick& tick : ticks) {
        const double n = as_double(tick.all.requests);
        slow.push_back({n - as_double(tick.all.response.count_at_most(p99)), n});
    }
    result.p99_s = quantile_of(all.response, 0.99, correlation_of(slow));
    if (const double seconds = seconds_of(ticks); seconds > 0) {
        result.rate = as_double(all.requests) / seconds;
        result.iterations_rate = as_double(counts_of(ticks).iterations_completed) / seconds;
        result.in_flight = area / seconds;
    }
    if (all.requests > 0) {
        result.response_s = to_seconds(all.response.sum()) / as_double(all.requests);
    }
}

void decide(const std::vector<GoalState>& states, const std::optional<std::string>& behind,
            StepResult& result) {
    const auto failing = std::find_if(states.begin(), states.end(), [](const GoalState& state) {
        return !state.holds && state.certain;
    });
    const auto open = std::find_if(states.begin(), states.end(),
                                   [](const GoalState& state) { return !state.certain; });
    const bool all_hold = std::all_of(states.begin(), states.end(),
                                      [](const GoalState& state) { return state.holds; });
    result.leans_pass = all_hold && !behind && result.requests > 0;
    if (behind) {
        result.verdict = StepVerdict::Fail;
        result.piled_up = true;
        result.why = *behind;
    } else if (failing != states.end()) {
        result.verdict = StepVerdict::Fail;
        result.why = failing->text + " does not hold";
    } else if (result.requests == 0) {
        result.verdict = StepVerdict::Edge;
        result.why = "no request was answered yet";
    } else if (open != states.end()) {
        result.verdict = StepVerdict::Edge;
        result.why = fmt::format("{} {}, but the samples do not prove it", open->text,
                                 open->holds ? "holds" : "does not hold");
    } else {
        result.verdict = StepVerdict::Pass;
        result.why = "every goal holds";
    }
}

}  // namespace

StepTick step_tick(const StepGoal& goal, const RunInfo& info, double from_s, double to_s,
                   const LoadView& view, const ShardState& state,
                   std::span<const ShardState> shards) {
    StepTick tick;
    tick.facts = tick_facts(from_s, to_s, view.counts, state, view.endpoints, shards);
    for (const EndpointStats& stats : view.endpoints) {
        tick.all.merge(stats);
    }
    for (const Threshold& threshold : goal.thresholds) {
        tick.sums.push_back(threshold.metric == ThresholdMetric::Probe
                                ? LoadSums{}
                                : select(threshold, info, view, to_s - from_s));
    }
    return tick;
}

std::span<const StepTick> steady_part(StepKind kind, std::span<const StepTick> ticks) {
    return ticks.subspan(warm_up_ticks(kind, ticks));
}

StepVerdict judge_together(const StepQuestion& question, const StepGoal& goal,
                           std::span<const StepTick> ticks) {
    StepQuestion strict = question;
    strict.same_queue = kSameQueueTogether;
    StepResult result;
    for (const StepTick& tick : ticks) {
        result.requests += tick.all.requests;
    }
    std::vector<GoalState> states = judge_goals(strict, goal, ticks);
    for (std::size_t i = 0; i < states.size(); ++i) {
        // It is looked at where it looked best, or worst, of several levels.
        const auto apart = limit_apart(goal, ticks, i);
        const double errors = states[i].holds ? kErrorsBelow : -kErrorsAbove;
        states[i].certain &= !apart || (states[i].holds ? *apart >= errors : *apart <= errors);
    }
    decide(states, std::nullopt, result);
    return result.verdict;
}

StepResult judge_step(const StepQuestion& question, const StepGoal& goal, const RunInfo& info,
                      std::span<const StepTick> ticks) {
    StepResult result;
    result.kind = question.kind;
    result.level = question.level;
    if (ticks.empty()) {
        result.why = "no second of it is over";
        return result;
    }
    result.from_s = ticks.front().facts.from_s;
    result.to_s = ticks.back().facts.to_s;
    const auto steady = steady_part(question.kind, ticks);
    result.warm_up_s = steady.front().facts.from_s - result.from_s;
    fill_figures(steady, result);
    decide(judge_goals(question, goal, steady), falls_behind(question, steady), result);
    if (const auto limit = generator_at_limit(info, steady)) {
        result.verdict = StepVerdict::Void;
        result.leans_pass = false;
        result.why = "the generator was the limit: " + *limit;
    }
    return result;
}

}  // namespace plimsoll
