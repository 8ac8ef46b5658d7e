// A run's metrics in InfluxDB's line protocol.
// https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
#pragma once

#include "signal/metric_set.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Which lines are wanted.
struct InfluxParts {
    bool metrics = true;
    bool k6 = true;
};

struct InfluxLines {
    std::string text;
    std::uint64_t count = 0;  // of lines
};

/// One line a series, `at_ms` its time: the metric's public name, its labels as tags, and the field
/// `value`; of a histogram the fields count, sum, min, mean, p50, p90, p95, p99 and max, in
/// seconds. What k6's boards ask for has k6's names, and is of the frame's last tick: http_reqs,
/// http_req_duration (in ms), http_req_failed, iterations, vus, data_sent and data_received. Empty
/// tags and histograms without values are left out.
[[nodiscard]] InfluxLines influx_lines(const MetricFrame& frame, const RunInfo& run,
                                       std::int64_t at_ms, InfluxParts parts);

}  // namespace plimsoll
