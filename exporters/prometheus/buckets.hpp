// Classic Prometheus buckets out of the one histogram.
#pragma once

#include "base/clock.hpp"
#include "record/histogram.hpp"
#include "record/threshold.hpp"

#include <span>
#include <vector>

#include <prometheus/client_metric.h>

namespace plimsoll {

/// Upper bounds in ascending order: 1, 2, 3, 5 per decade from 100 µs to 30 s, then 60 s (24 in
/// all), and every limit in seconds among `thresholds`, so that "how many were within the limit" is
/// a bucket and not an interpolation. Limits that are no time in (0, 1 h] are left out.
[[nodiscard]] std::vector<Nanoseconds> bucket_bounds(std::span<const Threshold> thresholds);

/// Cumulative counts of `histogram` at `bounds`, and last the +Inf bucket.
[[nodiscard]] prometheus::ClientMetric::Histogram classic_buckets(
    const Histogram& histogram, std::span<const Nanoseconds> bounds);

}  // namespace plimsoll
