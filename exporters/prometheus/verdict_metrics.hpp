// What a run is judged by, and what it came to, as metrics.
#pragma once

#include "exporters/prometheus/broke_at.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

namespace plimsoll {

/// "KEY: EXPRESSION", and whether it holds so far.
using ThresholdStates = std::vector<std::pair<std::string, bool>>;
/// Cause and confidence.
using FindingList = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] prometheus::MetricFamily threshold_family(const ThresholdStates& states);
[[nodiscard]] prometheus::MetricFamily finding_family(const FindingList& findings);
/// Two families; without series where nothing broke.
[[nodiscard]] std::vector<prometheus::MetricFamily> breaking_point_families(
    const std::optional<BrokeAt>& broke);

}  // namespace plimsoll
