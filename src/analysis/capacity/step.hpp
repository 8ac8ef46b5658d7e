// One step of a capacity search: a level held for a while, and whether it was carried.
#pragma once

#include "analysis/capacity/estimate.hpp"
#include "analysis/capacity/find_result.hpp"
#include "analysis/run_data.hpp"
#include "analysis/thresholds.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What "carried" means: the thresholds that a step must keep. Times in seconds.
struct StepGoal {
    std::vector<Threshold> thresholds;  // those that a step can be judged by; see is_step_goal
    /// Where the scenario has no thresholds: p99 of at most this, found from the baseline, and
    /// failures below kDefaultFailures. 0: not asked for.
    double default_p99_s = 0;
    /// The tightest time that is asked for, 0 where none is.
    [[nodiscard]] double slo_s() const;
    /// As a person reads it.
    [[nodiscard]] std::vector<std::string> texts() const;
};
inline constexpr double kDefaultFailures = 0.01;
inline constexpr double kDefaultP99Factor = 10;  // of the baseline's

/// Of a limit on a response time: how long requests share one queue, and so one fate, at most
/// kLongestQueue_s. A step must be so much longer than a count of its requests says.
inline constexpr double kSameQueue = 0.4;
inline constexpr double kSameQueueTogether = 1;  // where a search's answer hangs on it
inline constexpr double kLongestQueue_s = 0.2;

/// Whether a step can be judged by it: a total count over a run says nothing about a stretch of it.
[[nodiscard]] bool is_step_goal(const Threshold& threshold);

/// One tick of a step.
struct StepTick {
    TickFacts facts;
    EndpointStats all;           // every endpoint's
    std::vector<LoadSums> sums;  // by StepGoal::thresholds; of probes' metrics empty
};

/// What a tick of a run is in a search.
[[nodiscard]] StepTick step_tick(const StepGoal& goal, const RunInfo& info, double from_s,
                                 double to_s, const LoadView& view, const ShardState& state,
                                 std::span<const ShardState> shards);

/// How one goal stands. `certain`: the interval is on one side of the limit.
struct GoalState {
    std::string text;
    bool holds = false;
    bool certain = false;
};

struct StepQuestion {
    StepKind kind = StepKind::Baseline;
    double level = 0;
    bool open = true;  // arrivals by schedule; else users in a loop
    double same_queue = kSameQueue;
    /// A probe's metric over (from_s, to_s]; see ProbeValues.
    std::function<std::optional<double>(const Threshold&, double from_s, double to_s)> probe_value;
};

/// The steady part of a step: its first tick holds the change of the level, and, while the search
/// has only begun (baseline, doubling, descent), what is slower by half than the rest was still
/// cold.
[[nodiscard]] std::span<const StepTick> steady_part(StepKind kind, std::span<const StepTick> ticks);

/// Judges what came so far. PASS: every goal holds with 95 % confidence and nothing piles up. FAIL:
/// one does not hold with 95 % confidence, more than 1 % of what was due found every user busy, or
/// requests pile up (in flight grows by more than 3 standard errors and 10 %, and less than 99 % of
/// what was due was completed).
[[nodiscard]] StepResult judge_step(const StepQuestion& question, const StepGoal& goal,
                                    const RunInfo& info, std::span<const StepTick> ticks);

/// Judges the steady parts of several steps at one level as one: by the goals alone. A limit on a
/// quantile holds where the quantile is so far below it, and fails where it is so far above, that
/// the queue's own wandering does not reach it: near its limit a queue wanders for longer than a
/// step.
[[nodiscard]] StepVerdict judge_together(const StepQuestion& question, const StepGoal& goal,
                                         std::span<const StepTick> ticks);

}  // namespace plimsoll
