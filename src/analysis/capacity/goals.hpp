// Whether a stretch of a search kept what "carried" means.
#pragma once

#include "analysis/capacity/step.hpp"

#include <span>
#include <vector>

namespace plimsoll {

/// In seconds.
[[nodiscard]] double seconds_of(std::span<const StepTick> ticks);

/// How each goal stands over `ticks`, which may not be empty.
[[nodiscard]] std::vector<GoalState> judge_goals(const StepQuestion& question, const StepGoal& goal,
                                                 std::span<const StepTick> ticks);

/// Whether every limit on a quantile is above what that quantile may be: three of its standard
/// errors above what was measured, clusters of late requests counted as one.
[[nodiscard]] bool quantiles_hold(const StepGoal& goal, std::span<const StepTick> ticks);

}  // namespace plimsoll
