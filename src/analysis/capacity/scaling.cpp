#include "analysis/capacity/scaling.hpp"

#include "analysis/capacity/scaling_models.hpp"
#include "analysis/compare/resample.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr int kReplicates = 400;
constexpr double kTail = 0.025;
// Below this a κ is none: of N requests in flight it takes less than N²·κ off.
constexpr double kNoKappa = 1e-9;
// The largest level must carry this much less per request in flight than the smallest, or no level
// lies past the knee.
constexpr double kPastKnee = 0.7;

ScalingPoint mean_of(const ScalingLevel& level) {
    ScalingPoint mean;
    const auto n = static_cast<double>(level.ticks.size());
    for (const ScalingPoint& tick : level.ticks) {
        mean.in_flight += tick.in_flight / n;
        mean.rate += tick.rate / n;
    }
    return mean;
}

/// The level's mean with blocks of its ticks drawn anew.
ScalingPoint redrawn(const ScalingLevel& level, Random& random) {
    const std::size_t n = level.ticks.size();
    if (n < 2) {
        return mean_of(level);
    }
    std::vector<double> rates;
    rates.reserve(n);
    for (const ScalingPoint& tick : level.ticks) {
        rates.push_back(tick.rate);
    }
    const std::size_t block = block_length(rates);
    ScalingLevel drawn;
    while (drawn.ticks.size() < n) {
        const auto start = static_cast<std::size_t>(random.between(0, n - 1));
        for (std::size_t i = 0; i < block && drawn.ticks.size() < n; ++i) {
            drawn.ticks.push_back(level.ticks[(start + i) % n]);
        }
    }
    return mean_of(drawn);
}

Estimate interval_of(std::vector<double> values, double value) {
    if (values.empty()) {
        return {value, value, value};
    }
    std::sort(values.begin(), values.end());
    const auto at = [&](double q) {
        return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
    };
    return {std::min(value, at(kTail)), value, std::max(value, at(1 - kTail))};
}

/// Each point moved to where the model has it, and off it by a residual of any of them.
template <typename Model>
std::vector<ScalingPoint> with_residuals(const std::vector<ScalingPoint>& points,
                                         const std::vector<ScalingPoint>& drawn, Model model,
                                         double parameters, Random& random) {
    // Residuals of a fit are smaller than the errors, as the fit follows them.
    const auto n = static_cast<double>(points.size());
    const double widen = std::sqrt(n / std::max(1.0, n - parameters));
    std::vector<ScalingPoint> moved = drawn;
    for (std::size_t i = 0; i < moved.size(); ++i) {
        const auto k = static_cast<std::size_t>(random.between(0, points.size() - 1));
        const double residual = points[k].rate - model(points[k].in_flight);
        const double scatter = drawn[i].rate - points[i].rate;
        moved[i].rate = std::max(1e-9, model(drawn[i].in_flight) + scatter + widen * residual);
    }
    return moved;
}

UslFit usl_with_intervals(const std::vector<ScalingLevel>& levels,
                          const std::vector<ScalingPoint>& points, const UslParameters& fit,
                          std::uint64_t seed) {
    std::vector<double> gammas;
    std::vector<double> sigmas;
    std::vector<double> kappas;
    const auto model = [&](double n) { return usl_rate(fit.gamma, fit.sigma, fit.kappa, n); };
    for (int k = 0; k < kReplicates; ++k) {
        Random random(seed, 1, static_cast<std::uint64_t>(k));
        std::vector<ScalingPoint> drawn;
        drawn.reserve(levels.size());
        for (const ScalingLevel& level : levels) {
            drawn.push_back(redrawn(level, random));
        }
        const UslParameters again = fit_usl(with_residuals(points, drawn, model, 3, random));
        gammas.push_back(again.gamma);
        sigmas.push_back(again.sigma);
        kappas.push_back(again.kappa);
    }
    UslFit result;
    result.gamma = interval_of(std::move(gammas), fit.gamma);
    result.sigma = interval_of(std::move(sigmas), fit.sigma);
    result.kappa = interval_of(std::move(kappas), fit.kappa);
    if (result.kappa.low > kNoKappa && fit.sigma < 1) {
        const double peak = std::sqrt((1 - fit.sigma) / fit.kappa);
        result.peak_in_flight = peak;
        result.peak_rate = model(peak);
    }
    return result;
}

PlateauFit plateau_with_intervals(const std::vector<ScalingLevel>& levels,
                                  const std::vector<ScalingPoint>& points,
                                  const PlateauParameters& fit, std::uint64_t seed) {
    std::vector<double> alone;
    std::vector<double> limits;
    const auto model = [&](double n) { return plateau_rate(fit.alone_s, fit.limit_rate, n); };
    for (int k = 0; k < kReplicates; ++k) {
        Random random(seed, 2, static_cast<std::uint64_t>(k));
        std::vector<ScalingPoint> drawn;
        drawn.reserve(levels.size());
        for (const ScalingLevel& level : levels) {
            drawn.push_back(redrawn(level, random));
        }
        const PlateauParameters again =
            fit_plateau(with_residuals(points, drawn, model, 2, random));
        alone.push_back(again.alone_s);
        limits.push_back(again.limit_rate);
    }
    return {interval_of(std::move(alone), fit.alone_s),
            interval_of(std::move(limits), fit.limit_rate), 0};
}

std::string sentence_of(const ScalingFit& fit) {
    if (fit.shape == ScalingShape::Plateau) {
        const Estimate& limit = fit.plateau->limit_rate;
        return fmt::format(
            "Throughput rises with the requests in flight up to a flat {:.3g}/s [{:.3g}, {:.3g}]: "
            "the mark of a bounded resource, such as a pool or the cores.",
            limit.value, limit.low, limit.high);
    }
    const UslFit& usl = *fit.usl;
    if (usl.peak_in_flight) {
        return fmt::format(
            "Throughput peaks at {:.3g}/s with {:.3g} requests in flight and falls beyond: they "
            "get in each other's way (contention).",
            *usl.peak_rate, *usl.peak_in_flight);
    }
    return fmt::format(
        "Throughput bends away from a straight line: {:.2g} % of the work goes one by one. Whether "
        "it would fall with more load cannot be told from these steps.",
        100 * usl.sigma.value);
}

}  // namespace

double usl_rate(double gamma, double sigma, double kappa, double in_flight) {
    return gamma * in_flight / (1 + sigma * (in_flight - 1) + kappa * in_flight * (in_flight - 1));
}

double plateau_rate(double alone_s, double limit_rate, double in_flight) {
    return std::min(in_flight / alone_s, limit_rate);
}

ScalingFit fit_scaling(const std::vector<ScalingLevel>& levels, std::uint64_t seed) {
    ScalingFit result;
    std::vector<ScalingLevel> used;
    for (const ScalingLevel& level : levels) {
        const ScalingPoint mean = level.ticks.empty() ? ScalingPoint{} : mean_of(level);
        if (mean.in_flight > 0 && mean.rate > 0) {
            used.push_back(level);
        }
    }
    std::sort(used.begin(), used.end(), [](const ScalingLevel& a, const ScalingLevel& b) {
        return mean_of(a).in_flight < mean_of(b).in_flight;
    });
    for (const ScalingLevel& level : used) {
        result.points.push_back(mean_of(level));
    }
    if (used.size() < kFewestLevels) {
        result.why =
            fmt::format("{} levels tell no curve; it takes {}.", used.size(), kFewestLevels);
        return result;
    }
    const auto each_carries = [](const ScalingPoint& point) {
        return point.rate / point.in_flight;
    };
    if (each_carries(result.points.back()) > kPastKnee * each_carries(result.points.front())) {
        result.why = "No level lies past the knee, so nothing tells how the curve goes on.";
        return result;
    }
    const UslParameters usl = fit_usl(result.points);
    const PlateauParameters plateau = fit_plateau(result.points);
    result.usl = usl_with_intervals(used, result.points, usl, seed);
    result.plateau = plateau_with_intervals(used, result.points, plateau, seed);
    const AiccPair aicc = compare_fits(result.points, usl, plateau);
    result.usl->aicc = aicc.usl;
    result.plateau->aicc = aicc.plateau;
    result.shape = aicc.plateau <= aicc.usl ? ScalingShape::Plateau : ScalingShape::Usl;
    result.why = sentence_of(result);
    return result;
}

}  // namespace plimsoll
