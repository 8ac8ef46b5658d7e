// How a scenario's capacity is to be searched.
#pragma once

#include "base/clock.hpp"

#include <optional>

namespace plimsoll {

inline constexpr std::chrono::seconds kLeastFindBudget{30};
inline constexpr double kFinestPrecision = 0.01;

/// The scenario's `find` block; what is absent has a default of the command's.
struct FindPlan {
    std::optional<double> start;        // arrivals per second, or users
    std::optional<double> most;         // no level above it is tried
    std::optional<double> precision;    // hi/lo - 1 to reach
    std::optional<Nanoseconds> window;  // what is asked for must hold over at least so long
    std::optional<Nanoseconds> budget;
    bool closed = false;  // search users in a loop, not arrivals
};

}  // namespace plimsoll
