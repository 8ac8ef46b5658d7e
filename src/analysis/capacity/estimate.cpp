#include "analysis/capacity/estimate.hpp"

#include "analysis/proportion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/distributions/students_t.hpp>

namespace plimsoll {
namespace {

constexpr double kZ = 1.644854;  // 95 % on one side
constexpr std::size_t kFewestBatches = 8;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TickShare total_of(std::span<const TickShare> ticks) {
    TickShare total;
    for (const TickShare& tick : ticks) {
        total.hits += tick.hits;
        total.n += tick.n;
    }
    return total;
}

/// b·Var(batch mean)/Var(sample) in samples: with n samples in all in m batches, independent ones
/// would give each batch a variance of p(1-p)·m/n.
double inflation(std::span<const TickShare> ticks, std::size_t batch, double p, double n) {
    const std::size_t batches = ticks.size() / batch;
    double squares = 0;
    for (std::size_t b = 0; b < batches; ++b) {
        const TickShare part = total_of(ticks.subspan(b * batch, batch));
        const double off = part.hits - p * part.n;
        squares += off * off;
    }
    const double used = total_of(ticks.first(batches * batch)).n;
    const auto m = static_cast<double>(batches);
    return n > 0 && used > 0 ? squares * m / (m - 1) / (used * p * (1 - p)) : 1;
}

}  // namespace

double correlation_of(std::span<const TickShare> ticks) {
    const TickShare total = total_of(ticks);
    const double p = total.n > 0 ? total.hits / total.n : 0;
    if (p <= 0 || p >= 1) {
        return 1;
    }
    double most = 1;
    for (std::size_t batch = 1; ticks.size() / batch >= kFewestBatches; ++batch) {
        most = std::max(most, inflation(ticks, batch, p, total.n));
    }
    return std::min(most, total.n);
}

Estimate share_of(std::span<const TickShare> ticks, double least_correlation) {
    const TickShare total = total_of(ticks);
    if (total.n <= 0) {
        return {0, 0, 1};
    }
    const double correlation = std::max(correlation_of(ticks), least_correlation);
    const auto interval = wilson_interval(total.hits / correlation, total.n / correlation, kZ);
    return {interval[0], total.hits / total.n, interval[1]};
}

Estimate mean_of(std::span<const TickSum> ticks) {
    double sum = 0;
    double n = 0;
    for (const TickSum& tick : ticks) {
        sum += tick.sum;
        n += tick.n;
    }
    if (n <= 0) {
        return {0, 0, kInfinity};
    }
    const double mean = sum / n;
    if (ticks.size() < 2) {
        return {0, mean, kInfinity};
    }
    double squares = 0;
    for (const TickSum& tick : ticks) {
        const double off = tick.sum - mean * tick.n;
        squares += off * off;
    }
    const auto m = static_cast<double>(ticks.size());
    const double error = std::sqrt(squares * m / (m - 1)) / n;
    const double t = boost::math::quantile(boost::math::students_t(m - 1), 0.95);
    return {std::max(0.0, mean - t * error), mean, mean + t * error};
}

Estimate quantile_of(const Histogram& histogram, double q, double correlation) {
    if (histogram.empty()) {
        return {0, 0, kInfinity};
    }
    const double n = static_cast<double>(histogram.count()) / std::max(1.0, correlation);
    const double spread = kZ * std::sqrt(q * (1 - q) / n);
    const double low = q - spread;
    const double high = q + spread + 1 / n;
    const auto at = [&](double level) { return to_seconds(histogram.quantile(level)); };
    return {low > 0 ? at(low) : to_seconds(histogram.min()), at(q),
            high < 1 ? at(high) : kInfinity};
}

}  // namespace plimsoll
