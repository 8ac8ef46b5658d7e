#include "analysis/proportion.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll {

std::array<double, 2> wilson_interval(std::uint64_t hits, std::uint64_t n) {
    constexpr double kZ = 1.959964;  // of 95 %, two-sided
    return wilson_interval(static_cast<double>(hits), static_cast<double>(n), kZ);
}

std::array<double, 2> wilson_interval(double hits, double n, double z) {
    if (n <= 0) {
        return {0, 1};
    }
    const double p = hits / n;
    const double centre = p + z * z / (2 * n);
    const double spread = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    const double scale = 1 + z * z / n;
    // At the ends the two halves cancel out, but for the last digit.
    return {hits <= 0 ? 0.0 : std::max(0.0, (centre - spread) / scale),
            hits >= n ? 1.0 : std::min(1.0, (centre + spread) / scale)};
}

}  // namespace plimsoll
