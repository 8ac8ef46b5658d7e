// Requests that wait, inside the application, for another service: told by elimination.
#pragma once

#include "analysis/diagnosis/waiting.hpp"
#include "analysis/result.hpp"

#include <optional>

namespace plimsoll {

/// Slower by as much as this, as a factor and in seconds: both, since short times scatter.
inline constexpr double kSlower = 3;
inline constexpr double kSlower_s = 0.020;

/// The application takes requests in at once, and some of them stay. nullopt: they do not.
[[nodiscard]] std::optional<Finding> some_stay(const Case& c, const Inside& inside);

/// Workers are all taken, by requests that do not end.
[[nodiscard]] Finding all_hang(const Case& c, const Reach& reach, const Inside& inside);

}  // namespace plimsoll
