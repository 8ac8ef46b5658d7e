// A run's figures as lines of JSON, in the form of k6's JSON output.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Makes the lines of one run: `{"type":"Metric",...}` once per metric, then `{"type":"Point",...}`
/// per tick, metric and endpoint. A point is of a tick, never of one request: times carry mean,
/// quantiles and count. Times are milliseconds, as in k6. See docs/json.md.
///
/// Pure: the same input gives the same text. Every function returns whole lines, each with its end.
class JsonPoints {
public:
    JsonPoints(const RunInfo& run, std::span<const ProbeInfo> probes);

    [[nodiscard]] std::string metrics() const;
    /// What has no value in this tick (no request, no check) has no line.
    [[nodiscard]] std::string tick(const Snapshot& snapshot) const;
    [[nodiscard]] std::string reading(std::size_t probe, const Reading& reading) const;

private:
    WallAnchor anchor_;
    std::vector<EndpointInfo> endpoints_;
    std::vector<std::string> checks_;
    std::vector<std::string> groups_;
    std::vector<ProbeInfo> probes_;
    std::vector<std::pair<std::string, std::string>> tags_;  // of the run, on every point
};

}  // namespace plimsoll
