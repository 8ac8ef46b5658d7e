// What libraries, servers and runtimes call their figures.
#pragma once

#include "probes/app_metrics/app_figures.hpp"

#include <string_view>
#include <vector>

namespace plimsoll {

/// One metric as published; docs/app-metrics.md is this table with its sources.
struct KnownMetric {
    std::string_view name;  // dots as underscores
    AppFigure figure;
    std::string_view state = {};    // only series whose label `state` says so
    std::string_view workers = {};  // the name of workers; of them alone
    std::string_view label = {};    // whose value tells several kinds of workers apart
    double scale = 1;               // to seconds
    bool counts = false;            // each series is one, whatever its value
};
[[nodiscard]] const std::vector<KnownMetric>& known_metrics();

}  // namespace plimsoll
