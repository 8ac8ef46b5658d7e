// From histograms to the percentiles that people read.
#pragma once

#include "analysis/result.hpp"
#include "record/interval.hpp"

#include <cstdint>

namespace plimsoll {

/// Samples below which a percentile has no finite two-sided 95 % interval by order statistics:
/// the rank ⌈np + z√(np(1−p))⌉ + 1, z = 1.96, must not pass n.
inline constexpr std::uint64_t kSamplesForP99 = 563;
inline constexpr std::uint64_t kSamplesForP999 = 5662;

/// `censored` of the histogram's values are lower bounds, so quantiles above 1 − censored/count
/// are: nothing says how far above they lie.
[[nodiscard]] LatencySummary summarise_latency(const Histogram& histogram, std::uint64_t censored);

/// Totals of one endpoint over `seconds`.
[[nodiscard]] EndpointResult summarise_endpoint(const EndpointInfo& info,
                                                const EndpointStats& stats, double seconds);

}  // namespace plimsoll
