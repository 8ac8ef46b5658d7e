// How throughput follows the number of requests in flight: data alone, for reports.
#pragma once

#include "analysis/capacity/find_result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Gunther's Universal Scalability Law (Guerrilla Capacity Planning, 2007):
/// X(N) = γN / (1 + σ(N-1) + κN(N-1)), N requests in flight. γ is the rate of one alone, σ the
/// share that cannot go on side by side, κ what each pair of requests costs the other.
/// Estimates hold with 95 %.
struct UslFit {
    Estimate gamma, sigma, kappa;
    double aicc = 0;
    /// Only where κ is certainly above 0: from N* = √((1-σ)/κ) requests on, more give less.
    std::optional<double> peak_in_flight, peak_rate;
};

/// X = min(N/R, C): a bounded resource, such as a pool. R is what one request takes with nobody in
/// its way, C what the resource carries.
struct PlateauFit {
    Estimate alone_s, limit_rate;
    double aicc = 0;
};

enum class ScalingShape { Unknown, Usl, Plateau };

struct ScalingPoint {
    double in_flight = 0;
    double rate = 0;  // completed requests per second
};

struct ScalingFit {
    ScalingShape shape = ScalingShape::Unknown;  // the one with the lower AICc
    std::optional<UslFit> usl;
    std::optional<PlateauFit> plateau;
    std::vector<ScalingPoint> points;  // one a step, by in_flight
    std::string why;                   // in a sentence: what it says, or why there is none
};

/// X(N) of each model.
[[nodiscard]] double usl_rate(double gamma, double sigma, double kappa, double in_flight);
[[nodiscard]] double plateau_rate(double alone_s, double limit_rate, double in_flight);

}  // namespace plimsoll
