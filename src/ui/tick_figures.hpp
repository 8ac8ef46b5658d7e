// Figures of one tick, as the page's state and its tables have them. Inside src/ui.
#pragma once

#include "base/units.hpp"
#include "record/interval.hpp"
#include "report/run_data.hpp"

#include <cstdint>

namespace plimsoll {

/// Whether a tick of `span_s` seconds gives a rate: a run's last one may be of a few milliseconds,
/// from which none can be told. `tick_s`: how long a whole one is.
[[nodiscard]] inline bool gives_rate(double span_s, double tick_s) {
    return span_s > 0 && span_s * 4 >= tick_s;
}

/// Per second; kNoValue where the tick gives none.
[[nodiscard]] inline double rate_of(std::uint64_t count, double span_s, double tick_s) {
    return gives_rate(span_s, tick_s) ? static_cast<double>(count) / span_s : report::kNoValue;
}

/// In seconds; kNoValue where there are no times.
[[nodiscard]] inline double quantile_of(const Histogram& times, double q) {
    return times.empty() ? report::kNoValue : to_seconds(times.quantile(q));
}

/// What came to an end of its own.
[[nodiscard]] inline std::uint64_t ended(const EndpointStats& stats) {
    return stats.requests - stats.cut_off.count();
}

}  // namespace plimsoll
