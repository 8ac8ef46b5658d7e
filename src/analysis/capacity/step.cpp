#include "analysis/capacity/step.hpp"

#include "analysis/gate.hpp"
#include "analysis/validity.hpp"
#include "base/units.hpp"

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
/// Of a run's checks, those that blame the generator alone.
constexpr std::array<std::string_view, 5> kGeneratorChecks{
    "sent_ratio", "send_lag_p99", "generator_cpu", "loop_lag", "local_ports"};

double as_double(std::uint64_t n) {
    return static_cast<double>(n);
}

bool is_upper(const Threshold& threshold) {
    return threshold.comparison == Comparison::Less ||
           threshold.comparison == Comparison::LessEqual;
}

const Histogram* times_of(const Threshold& threshold, const LoadSums& sums) {
    switch (threshold.metric) {
        case ThresholdMetric::ResponseTime:
            return &sums.stats.response;
        case ThresholdMetric::ServiceTime:
            return &sums.stats.service;
        case ThresholdMetric::GroupDuration:
            return &sums.groups;
        default:
            return nullptr;
    }
}

/// Where a goal stands: the estimate, and the limit that it is held against from below.
GoalState state_of(const Estimate& estimate, double limit, std::string text) {
    GoalState state{std::move(text), estimate.value <= limit, false};
    state.certain = state.holds ? estimate.high <= limit : estimate.low > limit;
    return state;
}

double seconds_of(std::span<const StepTick> ticks) {
    double seconds = 0;
    for (const StepTick& tick : ticks) {
        seconds += tick.facts.seconds();
    }
    return seconds;
}

/// Requests that wait in the same queue are late together. A queue that reaches the limit takes
/// about that long to build and to go: in M/M/1 2·limit/ln(100) at the rate where p99 is the limit.
double same_queue(std::span<const StepTick> ticks, double n, double limit_s, double factor) {
    const double seconds = seconds_of(ticks);
    return seconds > 0 ? n / seconds * factor * std::min(limit_s, kLongestQueue_s) : 1;
}

GoalState judge_above(const StepQuestion& question, std::span<const StepTick> ticks,
                      std::span<const TickShare> above, double limit_s, double may_be,
                      std::string text) {
    double n = 0;
    for (const TickShare& tick : above) {
        n += tick.n;
    }
    return state_of(share_of(above, same_queue(ticks, n, limit_s, question.same_queue)), may_be,
                    std::move(text));
}

/// The share of samples above the limit against the share that may be.
GoalState judge_quantile(const StepQuestion& question, std::span<const StepTick> ticks,
                         std::size_t index, const Threshold& threshold) {
    const double q = threshold.statistic == Statistic::Med ? 0.5 : threshold.quantile;
    const auto limit =
        std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(threshold.limit));
    std::vector<TickShare> above;
    for (const StepTick& tick : ticks) {
        const Histogram& times = *times_of(threshold, tick.sums[index]);
        const double n = as_double(times.count());
        above.push_back({n - as_double(times.count_at_most(limit)), n});
    }
    return judge_above(question, ticks, above, threshold.limit, 1 - q,
                       threshold.key + " " + threshold.expression);
}

GoalState judge_mean(std::span<const StepTick> ticks, std::size_t index,
                     const Threshold& threshold) {
    std::vector<TickSum> sums;
    for (const StepTick& tick : ticks) {
        const Histogram& times = *times_of(threshold, tick.sums[index]);
        sums.push_back({to_seconds(times.sum()), as_double(times.count())});
    }
    return state_of(mean_of(sums), threshold.limit, threshold.key + " " + threshold.expression);
}

/// Failed requests, or checks that did not hold; `limit` is the largest share that may be. Where
/// not one failed it holds, however few they were: to prove 0.1 % takes 3,000 requests, and what is
/// overloaded fails by the hundred.
GoalState judge_share(std::span<const TickShare> ticks, double limit, std::string text) {
    const Estimate share = share_of(ticks);
    if (limit <= 0 || share.value <= 0) {
        return {std::move(text), share.value <= 0, true};
    }
    return state_of(share, limit, std::move(text));
}

GoalState judge_plain(const StepQuestion& question, std::span<const StepTick> ticks,
                      std::size_t index, const Threshold& threshold) {
    Gate gate;
    if (threshold.metric == ThresholdMetric::Probe) {
        const auto value = question.probe_value
                               ? question.probe_value(threshold, ticks.front().facts.from_s,
                                                      ticks.back().facts.to_s)
                               : std::nullopt;
        gate = value ? judge(threshold, *value) : gate;
    } else {
        LoadSums sum;
        for (const StepTick& tick : ticks) {
            sum.merge(tick.sums[index]);
        }
        gate = judge(threshold, sum);
    }
    // What was not seen does not hold, and it is not certain that it fails.
    return {threshold.key + " " + threshold.expression, gate.state == GateState::Passed,
            gate.state == GateState::Passed || gate.state == GateState::Failed};
}

GoalState judge_goal(const StepQuestion& question, std::span<const StepTick> ticks,
                     std::size_t index, const Threshold& threshold) {
    const std::string text = threshold.key + " " + threshold.expression;
    const bool times = times_of(threshold, {}) != nullptr;
    if (times && is_upper(threshold)) {
        if (threshold.statistic == Statistic::Quantile || threshold.statistic == Statistic::Med) {
            return judge_quantile(question, ticks, index, threshold);
        }
        if (threshold.statistic == Statistic::Avg) {
            return judge_mean(ticks, index, threshold);
        }
    }
    const bool plain_failed = threshold.metric == ThresholdMetric::Failed && is_upper(threshold) &&
                              threshold.statistic == Statistic::Rate;
    const bool checks = threshold.metric == ThresholdMetric::Checks && !is_upper(threshold);
    if (!plain_failed && !checks) {
        return judge_plain(question, ticks, index, threshold);
    }
    std::vector<TickShare> shares;
    for (const StepTick& tick : ticks) {
        const LoadSums& sums = tick.sums[index];
        if (checks) {
            shares.push_back({as_double(sums.checks.failed),
                              as_double(sums.checks.failed + sums.checks.passed)});
        } else {
            const double n = as_double(sums.stats.requests);
            shares.push_back({judge(threshold, sums).bounds.low * n, n});
        }
    }
    return judge_share(shares, checks ? 1 - threshold.limit : threshold.limit, text);
}

std::vector<GoalState> judge_goals(const StepQuestion& question, const StepGoal& goal,
                                   std::span<const StepTick> ticks) {
    std::vector<GoalState> states;
    for (std::size_t i = 0; i < goal.thresholds.size(); ++i) {
        states.push_back(judge_goal(question, ticks, i, goal.thresholds[i]));
    }
    if (goal.default_p99_s > 0 || goal.thresholds.empty()) {
        std::vector<TickShare> failed;
        std::vector<TickShare> slow;
        const auto limit = std::chrono::duration_cast<Nanoseconds>(
            std::chrono::duration<double>(goal.default_p99_s));
        for (const StepTick& tick : ticks) {
            const double n = as_double(tick.all.requests);
            failed.push_back({as_double(tick.all.failed), n});
            slow.push_back({n - as_double(tick.all.response.count_at_most(limit)), n});
        }
        states.push_back(judge_share(failed, kDefaultFailures, "failures < 1 %"));
        if (goal.default_p99_s > 0) {
            states.push_back(judge_above(question, ticks, slow, goal.default_p99_s, 0.01,
                                         "p99 <= " + human_seconds(goal.default_p99_s)));
        }
    }
    return states;
}

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

std::size_t warm_up_ticks(std::span<const StepTick> ticks) {
    if (ticks.size() <= kFewestSteadyTicks) {
        return 0;
    }
    std::vector<double> logs;
    for (const StepTick& tick : ticks.subspan(1)) {
        logs.push_back(std::log(std::max(tick.facts.response_mean_s, 1e-6)));
    }
    const std::size_t cut = steady_from(logs);
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

/// What a quantile may be, in seconds, where its tail is a queue's: three of its standard errors
/// above what was measured, since it is looked at where it looked best of several levels. The tail
/// falls as exp(-θt), by the quantile and the one of ten times its share above. In a queue with
/// such a tail the requests above a level come in clusters of m = 2(λ/θ)² (size-biased; M/M/c at
/// high load, from the busy period of a random walk with drift), so that n requests tell as much as
/// n/m.
double upper_quantile(std::span<const StepTick> ticks, const Histogram& times, double q) {
    constexpr double kErrors = 3;
    constexpr double kDecade = 10;
    const double share = 1 - q;
    const double at = to_seconds(times.quantile(q));
    if (kDecade * share >= 1 || times.count() == 0) {
        return at;
    }
    const double below = to_seconds(times.quantile(1 - kDecade * share));
    if (at <= below) {
        return at;
    }
    const double n = as_double(times.count());
    const double theta = std::log(kDecade) / (at - below);
    const double per_decay = n / seconds_of(ticks) / theta;
    const double clusters = 1 + 2 * per_decay * per_decay;
    return at + kErrors / theta * std::sqrt(clusters / (n * share));
}

/// Whether every limit on a quantile is above what that quantile may be.
bool quantiles_hold(const StepGoal& goal, std::span<const StepTick> ticks) {
    const auto holds = [&](double q, double limit_s, const auto& times) {
        Histogram all;
        for (const StepTick& tick : ticks) {
            all.merge(times(tick));
        }
        return upper_quantile(ticks, all, q) <= limit_s;
    };
    for (std::size_t i = 0; i < goal.thresholds.size(); ++i) {
        const Threshold& threshold = goal.thresholds[i];
        const auto times = [&](const StepTick& tick) -> const Histogram& {
            return *times_of(threshold, tick.sums[i]);
        };
        const bool applies = threshold.statistic == Statistic::Quantile && is_upper(threshold) &&
                             times_of(threshold, {}) != nullptr;
        if (applies && !holds(threshold.quantile, threshold.limit, times)) {
            return false;
        }
    }
    const auto responses = [](const StepTick& tick) -> const Histogram& {
        return tick.all.response;
    };
    return goal.default_p99_s <= 0 || holds(0.99, goal.default_p99_s, responses);
}

}  // namespace

double StepGoal::slo_s() const {
    double tightest = 0;
    const auto take = [&](double limit) {
        tightest = tightest == 0 ? limit : std::min(tightest, limit);
    };
    for (const Threshold& threshold : thresholds) {
        if (times_of(threshold, {}) != nullptr && is_upper(threshold)) {
            take(threshold.limit);
        }
    }
    if (default_p99_s > 0) {
        take(default_p99_s);
    }
    return tightest;
}

std::vector<std::string> StepGoal::texts() const {
    std::vector<std::string> texts;
    for (const Threshold& threshold : thresholds) {
        texts.push_back(threshold.key + ": " + threshold.expression);
    }
    if (thresholds.empty() || default_p99_s > 0) {
        texts.push_back(default_p99_s > 0
                            ? fmt::format("p99 <= {} ({:.0f} times the baseline's)",
                                          human_seconds(default_p99_s), kDefaultP99Factor)
                            : fmt::format("p99 <= {:.0f} times the baseline's", kDefaultP99Factor));
        texts.emplace_back("failures < 1 %");
    }
    return texts;
}

bool is_step_goal(const Threshold& threshold) {
    const bool total =
        threshold.statistic == Statistic::Count && threshold.metric != ThresholdMetric::Probe &&
        threshold.metric != ThresholdMetric::Failed && threshold.metric != ThresholdMetric::Dropped;
    return !total;
}

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

std::span<const StepTick> steady_part(std::span<const StepTick> ticks) {
    return ticks.subspan(warm_up_ticks(ticks));
}

StepVerdict judge_together(const StepQuestion& question, const StepGoal& goal,
                           std::span<const StepTick> ticks) {
    StepQuestion strict = question;
    strict.same_queue = kSameQueueTogether;
    StepResult result;
    for (const StepTick& tick : ticks) {
        result.requests += tick.all.requests;
    }
    decide(judge_goals(strict, goal, ticks), std::nullopt, result);
    return result.verdict == StepVerdict::Pass && !quantiles_hold(goal, ticks) ? StepVerdict::Edge
                                                                               : result.verdict;
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
    const auto steady = steady_part(ticks);
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
