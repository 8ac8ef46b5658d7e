// Durations as Prometheus writes them.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// "5m", "1h30m", "0", "1w": Prometheus' own durations (whole numbers, in descending units).
[[nodiscard]] Result<Nanoseconds> parse_prometheus_duration(std::string_view text);
/// "1h30m", "15s", "0s".
[[nodiscard]] std::string prometheus_duration(Nanoseconds duration);

}  // namespace plimsoll
