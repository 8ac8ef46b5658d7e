// Classic Prometheus buckets out of the one histogram.
#pragma once

#include "base/clock.hpp"
#include "record/histogram.hpp"
#include "record/threshold.hpp"

#include <span>
#include <vector>

#include <prometheus/client_metric.h>

namespace plimsoll {

/// Upper bounds in ascending order: 1, 2, 3, 5 per decade below 1 ms and above 10 s, up to a
/// minute; between these each at most 1.25 times the one before it, so that a quantile read from
/// them is off by less than a quarter (60 in all). And every limit in seconds among `thresholds`,
/// so that "how many were within the limit" is a bucket and not an interpolation. Limits that are
/// no time in (0, 1 h] are left out.
[[nodiscard]] std::vector<Nanoseconds> bucket_bounds(std::span<const Threshold> thresholds);

/// Cumulative counts of `histogram` at `bounds`, and last the +Inf bucket.
[[nodiscard]] prometheus::ClientMetric::Histogram classic_buckets(
    const Histogram& histogram, std::span<const Nanoseconds> bounds);

}  // namespace plimsoll
