// The load's own metrics: what was sent, what came of it, how the generator stood.
#pragma once

#include "exporters/prometheus/metrics_state.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

namespace plimsoll {

/// By exporter name.
using ExporterCounts = std::vector<std::pair<std::string, Deliveries>>;

/// Names of all families that `load_metrics` can return, for clash checks.
[[nodiscard]] std::span<const std::string_view> load_metric_names();

/// The families of one view of the run, in a fixed order. Pure; costs one pass over each
/// histogram's blocks. `bounds` as made by bucket_bounds.
[[nodiscard]] std::vector<prometheus::MetricFamily> load_metrics(
    const RunInfo& run, const Snapshot& snapshot, std::span<const Nanoseconds> bounds,
    const ExporterCounts& exporters);

/// A label. Bytes that are not UTF-8 become U+FFFD each: one of them would make Prometheus refuse
/// the whole scrape.
[[nodiscard]] prometheus::ClientMetric::Label make_label(std::string_view name,
                                                         std::string_view value);

}  // namespace plimsoll
