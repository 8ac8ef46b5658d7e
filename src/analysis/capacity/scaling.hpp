// From a search's steps to a curve of throughput against requests in flight.
#pragma once

#include "analysis/capacity/scaling_fit.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll {

/// Fewer levels than this tell no curve: four parameters, with the scatter, and one to spare.
inline constexpr std::size_t kFewestLevels = 6;

/// One level: its ticks, each with the mean number in flight and what it completed a second.
struct ScalingLevel {
    std::vector<ScalingPoint> ticks;
};

/// Fits both models: N/X is linear in 1, N-1 and N(N-1), so non-negative least squares on that give
/// a start for Levenberg-Marquardt with Huber's loss within the parameters' bounds. AICc chooses.
/// Intervals come from resampling blocks of each level's ticks and the residuals of the levels.
[[nodiscard]] ScalingFit fit_scaling(const std::vector<ScalingLevel>& levels, std::uint64_t seed);

}  // namespace plimsoll
