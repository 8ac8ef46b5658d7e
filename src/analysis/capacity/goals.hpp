// Whether a stretch of a search kept what "carried" means.
#pragma once

#include "analysis/capacity/step.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace plimsoll {

/// In seconds.
[[nodiscard]] double seconds_of(std::span<const StepTick> ticks);

/// How each goal stands over `ticks`, which may not be empty.
[[nodiscard]] std::vector<GoalState> judge_goals(const StepQuestion& question, const StepGoal& goal,
                                                 std::span<const StepTick> ticks);

/// How many standard errors the limit of the goal `index` of judge_goals lies above its quantile,
/// clusters of late requests counted as one; nullopt: it is no limit on a quantile.
[[nodiscard]] std::optional<double> limit_apart(const StepGoal& goal,
                                                std::span<const StepTick> ticks, std::size_t index);

}  // namespace plimsoll
