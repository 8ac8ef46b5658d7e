// What Prometheus' data model asks of every exporter that speaks it: bucket bounds and label names.
#pragma once

#include "base/clock.hpp"
#include "record/threshold.hpp"
#include "signal/metric_set.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Upper bounds of classic buckets in ascending order: 1, 2, 3, 5 per decade below 1 ms and above
/// 10 s, up to a minute; between these each at most 1.25 times the one before it, so that a
/// quantile read from them is off by less than a quarter (60 in all). And every limit in seconds
/// among `thresholds`, so that "how many were within the limit" is a bucket and not an
/// interpolation. Limits that are no time in (0, 1 h] are left out. Where bounds are `asked` for,
/// they take the place of ours.
[[nodiscard]] std::vector<Nanoseconds> bucket_bounds(std::span<const Threshold> thresholds,
                                                     std::span<const Nanoseconds> asked = {});

using PrometheusLabels = std::vector<std::pair<std::string, std::string>>;  // name, value

/// A series' labels in their order. One that stands behind the `declared` ones that its metric
/// names may have any name: what Prometheus takes in none becomes "_", and a name that is taken, or
/// that means something to Prometheus, is set off by "tag_".
[[nodiscard]] PrometheusLabels prometheus_labels(std::vector<MetricLabel> labels,
                                                 std::size_t declared);

}  // namespace plimsoll
