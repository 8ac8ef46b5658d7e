// The two curves, fitted once to points. Inside src/analysis/capacity.
#pragma once

#include "analysis/capacity/scaling_fit.hpp"

#include <vector>

namespace plimsoll {

struct UslParameters {
    double gamma = 0, sigma = 0, kappa = 0;
};
struct PlateauParameters {
    double alone_s = 0, limit_rate = 0;
};

/// At least three points, each with a rate and a number in flight above 0.
[[nodiscard]] UslParameters fit_usl(const std::vector<ScalingPoint>& points);
[[nodiscard]] PlateauParameters fit_plateau(const std::vector<ScalingPoint>& points);

/// Akaike's criterion for few points (Hurvich and Tsai 1989), by Huber's loss at one scale for
/// both.
struct AiccPair {
    double usl = 0, plateau = 0;
};
[[nodiscard]] AiccPair compare_fits(const std::vector<ScalingPoint>& points,
                                    const UslParameters& usl, const PlateauParameters& plateau);

}  // namespace plimsoll
