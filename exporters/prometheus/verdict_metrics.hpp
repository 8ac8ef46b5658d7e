// What a run is judged by, and what it came to, as metrics.
#pragma once

#include "exporters/prometheus/run_verdict.hpp"

#include <vector>

#include <prometheus/metric_family.h>

namespace plimsoll {

/// A family without series where there is nothing to say.
[[nodiscard]] std::vector<prometheus::MetricFamily> verdict_families(const RunVerdict& verdict);

}  // namespace plimsoll
