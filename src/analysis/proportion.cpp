#include "analysis/proportion.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll {

std::array<double, 2> wilson_interval(std::uint64_t hits, std::uint64_t n) {
    constexpr double kZ = 1.959964;  // of 95 %, two-sided
    if (n == 0) {
        return {0, 1};
    }
    const auto count = static_cast<double>(n);
    const double p = static_cast<double>(hits) / count;
    const double centre = p + kZ * kZ / (2 * count);
    const double spread = kZ * std::sqrt(p * (1 - p) / count + kZ * kZ / (4 * count * count));
    const double scale = 1 + kZ * kZ / count;
    return {std::max(0.0, (centre - spread) / scale), std::min(1.0, (centre + spread) / scale)};
}

}  // namespace plimsoll
