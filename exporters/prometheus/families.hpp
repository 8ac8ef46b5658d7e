// A run's metrics in the client library's own types.
#pragma once

#include "base/clock.hpp"
#include "signal/metric_set.hpp"

#include <span>
#include <vector>

#include <prometheus/metric_family.h>

namespace plimsoll {

/// `frame`, its histograms as classic buckets at `bounds` (as made by bucket_bounds), which costs
/// one pass over each histogram's blocks; its labels as prometheus_labels has them.
[[nodiscard]] std::vector<prometheus::MetricFamily> prometheus_families(
    MetricFrame frame, std::span<const Nanoseconds> bounds);

}  // namespace plimsoll
