// Two runs' timelines laid over each other. Inside src/report.
#pragma once

#include "report/charts.hpp"
#include "report/run_data.hpp"

#include <vector>

namespace plimsoll::report {

/// One run as the charts need it.
struct ChartedRun {
    RunInfo info;
    RunData data;
    Analysis analysis;
};

/// Rate and failures, response time, requests in flight, and what both runs' probes saw: the base
/// dashed, both in the same colour. Times count from each run's own start.
[[nodiscard]] std::vector<Chart> overlaid_charts(const ChartedRun& base, const ChartedRun& now);
[[nodiscard]] Chart overlaid_percentiles(const ChartedRun& base, const ChartedRun& now);

}  // namespace plimsoll::report
