// A pass/fail criterion on what a run measures, in k6's words. Parsed by scenario, judged by
// analysis.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

enum class ThresholdMetric {
    ResponseTime,   // http_req_duration: due → last byte, in seconds
    ServiceTime,    // http_req_service: first byte sent → last byte, in seconds
    Failed,         // http_req_failed: failed over all requests, a ratio
    Requests,       // http_reqs: count, or rate per second
    Dropped,        // dropped_iterations: count, or rate per second
    Checks,         // checks: passed over all, a ratio
    GroupDuration,  // group_duration: due of a group's first step → end of its last, in seconds
    Iterations,     // iterations: completed; count, or rate per second
    DataSent,       // data_sent: bytes, or bytes per second
    DataReceived,   // data_received: bytes, or bytes per second
    Probe,          // what a probe reports; `probe_metric` says what
};
enum class Statistic { Avg, Min, Med, Max, Quantile, Rate, Count, Last };
enum class Comparison { Less, LessEqual, Greater, GreaterEqual };
/// In what the value and the limit of a threshold are.
enum class ThresholdUnit { Seconds, Ratio, Count, PerSecond, Bytes, BytesPerSecond };

struct Threshold {
    std::string key;         // as written: http_req_duration{endpoint:/v1/x [LIST]}
    std::string expression;  // as written: p(95)<500ms
    ThresholdMetric metric = ThresholdMetric::ResponseTime;
    std::string endpoint;  // only this endpoint's requests, this check, or this group; empty: all
    Statistic statistic = Statistic::Avg;
    double quantile = 0;  // for Statistic::Quantile, 0-1
    Comparison comparison = Comparison::Less;
    double limit = 0;  // by unit_of
    bool abort_on_fail = false;
    Nanoseconds delay_abort{};  // judged for abort only after so long
    /// Above 0: must hold over every stretch of this length that ends with a tick, instead of over
    /// the whole run.
    Nanoseconds window{};
    bool sla = false;          // from the per-endpoint table: shown stage by stage
    bool allow_empty = false;  // passes where there was nothing to judge
    /// Only requests of these endpoints, by EndpointId: what `endpoint` and all other selectors
    /// come to. Empty: by `endpoint` alone.
    std::vector<std::uint32_t> endpoints = {};
    std::uint16_t status_low = 0;  // http_reqs, http_req_failed: only these statuses; 0: all
    std::uint16_t status_high = 0;
    std::string outcome = {};       // http_reqs, http_req_failed: only this outcome; empty: all
    std::string probe_metric = {};  // Probe: the full public name, plimsoll_pg_...
    std::vector<std::pair<std::string, std::string>> labels = {};  // Probe: only series with these
};

/// A counter's value is how it grows: avg, max ... are of its growth per second between readings.
[[nodiscard]] inline bool is_counter(const Threshold& threshold) {
    return threshold.metric == ThresholdMetric::Probe && threshold.probe_metric.ends_with("_total");
}

[[nodiscard]] inline ThresholdUnit unit_of(const Threshold& threshold) {
    const bool rate = threshold.statistic == Statistic::Rate;
    switch (threshold.metric) {
        case ThresholdMetric::ResponseTime:
        case ThresholdMetric::ServiceTime:
        case ThresholdMetric::GroupDuration:
            return ThresholdUnit::Seconds;
        case ThresholdMetric::Failed:
        case ThresholdMetric::Checks:
            return ThresholdUnit::Ratio;
        case ThresholdMetric::Requests:
        case ThresholdMetric::Dropped:
        case ThresholdMetric::Iterations:
            return rate ? ThresholdUnit::PerSecond : ThresholdUnit::Count;
        case ThresholdMetric::DataSent:
        case ThresholdMetric::DataReceived:
            return rate ? ThresholdUnit::BytesPerSecond : ThresholdUnit::Bytes;
        case ThresholdMetric::Probe:
            break;
    }
    const std::string& name = threshold.probe_metric;
    if (is_counter(threshold)) {  // CPU seconds a second are cores: a plain number
        const bool plain =
            threshold.statistic == Statistic::Count || name.ends_with("_seconds_total");
        return plain ? ThresholdUnit::Count : ThresholdUnit::PerSecond;
    }
    return name.ends_with("_seconds") ? ThresholdUnit::Seconds
           : name.ends_with("_ratio") ? ThresholdUnit::Ratio
           : name.ends_with("_bytes") ? ThresholdUnit::Bytes
                                      : ThresholdUnit::Count;
}

}  // namespace plimsoll
