// Classic Prometheus buckets out of the one histogram.
#pragma once

#include "base/clock.hpp"
#include "record/histogram.hpp"
#include "signal/prometheus_model.hpp"

#include <span>

#include <prometheus/client_metric.h>

namespace plimsoll {

/// Cumulative counts of `histogram` at `bounds` (as bucket_bounds makes them), and last the +Inf
/// bucket.
[[nodiscard]] prometheus::ClientMetric::Histogram classic_buckets(
    const Histogram& histogram, std::span<const Nanoseconds> bounds);

}  // namespace plimsoll
