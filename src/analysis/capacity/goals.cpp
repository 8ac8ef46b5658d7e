#include "analysis/capacity/goals.hpp"

#include "analysis/as_double.hpp"
#include "analysis/gate.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

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

/// A quantile and its standard error, in seconds, where its tail is a queue's. The tail falls as
/// exp(-θt), by the quantile and the one of ten times its share above. In a queue with such a tail
/// the requests above a level come in clusters of m = 2(λ/θ)² (size-biased; M/M/c at high load,
/// from the busy period of a random walk with drift), so that n requests tell as much as n/m.
struct Tail {
    double value = 0, error = 0;
};
Tail tail_of(std::span<const StepTick> ticks, const Histogram& times, double q) {
    constexpr double kDecade = 10;
    const double share = 1 - q;
    const double at = to_seconds(times.quantile(q));
    if (kDecade * share >= 1 || times.count() == 0) {
        return {at, 0};
    }
    const double below = to_seconds(times.quantile(1 - kDecade * share));
    if (at <= below) {
        return {at, 0};
    }
    const double n = as_double(times.count());
    const double theta = std::log(kDecade) / (at - below);
    const double per_decay = n / seconds_of(ticks) / theta;
    const double clusters = 1 + 2 * per_decay * per_decay;
    return {at, std::sqrt(clusters / (n * share)) / theta};
}

}  // namespace

double seconds_of(std::span<const StepTick> ticks) {
    double seconds = 0;
    for (const StepTick& tick : ticks) {
        seconds += tick.facts.seconds();
    }
    return seconds;
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

std::optional<double> limit_apart(const StepGoal& goal, std::span<const StepTick> ticks,
                                  std::size_t index) {
    const auto apart = [&](double q, double limit_s, const auto& times) -> std::optional<double> {
        Histogram all;
        for (const StepTick& tick : ticks) {
            all.merge(times(tick));
        }
        const Tail tail = tail_of(ticks, all, q);
        constexpr double kLeast_s = 1e-9;
        return (limit_s - tail.value) / std::max(kLeast_s, tail.error);
    };
    if (index < goal.thresholds.size()) {
        const Threshold& threshold = goal.thresholds[index];
        if (threshold.statistic != Statistic::Quantile || !is_upper(threshold) ||
            times_of(threshold, {}) == nullptr) {
            return std::nullopt;
        }
        return apart(threshold.quantile, threshold.limit,
                     [&](const StepTick& tick) -> const Histogram& {
                         return *times_of(threshold, tick.sums[index]);
                     });
    }
    // The default's failures come first, then its p99.
    if (goal.default_p99_s <= 0 || index == goal.thresholds.size()) {
        return std::nullopt;
    }
    return apart(0.99, goal.default_p99_s,
                 [](const StepTick& tick) -> const Histogram& { return tick.all.response; });
}

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

}  // namespace plimsoll
