// Figures of one tick, as the page's state and its tables have them. Inside src/ui.
#pragma once

#include "base/units.hpp"
#include "record/interval.hpp"
#include "report/run_data.hpp"

#include <cstdint>

namespace plimsoll {

/// Per second; 0 where `span_s` is.
[[nodiscard]] inline double rate_of(std::uint64_t count, double span_s) {
    return span_s > 0 ? static_cast<double>(count) / span_s : 0;
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
