// k6's names for what a load test measures: thresholds and JSON lines go by them, whatever else
// goes by the public names (signal/metric_set.hpp).
#pragma once

#include "record/interval.hpp"

#include <array>
#include <string_view>

namespace plimsoll {

struct K6Metric {
    std::string_view name;
    std::string_view type;   // counter, gauge, rate, trend
    std::string_view shows;  // the public name of the metric that has the same figures
    std::string_view contains = "default";
};

namespace k6 {

inline constexpr K6Metric kRequests{"http_reqs", "counter", "plimsoll_requests_total"};
inline constexpr K6Metric kFailed{"http_req_failed", "rate", "plimsoll_requests_total"};
inline constexpr K6Metric kDuration{"http_req_duration", "trend", "plimsoll_response_seconds",
                                    "time"};
inline constexpr K6Metric kService{"http_req_service", "trend", "plimsoll_service_seconds", "time"};
inline constexpr K6Metric kBlocked{"http_req_blocked", "trend", "plimsoll_send_lag_seconds",
                                   "time"};
inline constexpr K6Metric kDataSent{"data_sent", "counter", "plimsoll_bytes_total", "data"};
inline constexpr K6Metric kDataReceived{"data_received", "counter", "plimsoll_bytes_total", "data"};
inline constexpr K6Metric kIterations{"iterations", "counter", "plimsoll_iterations_total"};
inline constexpr K6Metric kDropped{"dropped_iterations", "counter",
                                   "plimsoll_dropped_iterations_total"};
inline constexpr K6Metric kChecks{"checks", "rate", "plimsoll_checks_total"};
inline constexpr K6Metric kGroups{"group_duration", "trend", "plimsoll_group_seconds", "time"};
inline constexpr K6Metric kVus{"vus", "gauge", "plimsoll_vus"};
inline constexpr K6Metric kVusMax{"vus_max", "gauge", "plimsoll_vus_max"};

inline constexpr std::array<K6Metric, 13> kMetrics{
    kRequests,   kFailed,  kDuration, kService, kBlocked, kDataSent, kDataReceived,
    kIterations, kDropped, kChecks,   kGroups,  kVus,     kVusMax};

/// By RequestPhase, under the names that k6 has or had.
inline constexpr std::string_view kOfPhases = "plimsoll_phase_seconds";
inline constexpr std::array<K6Metric, kRequestPhaseCount> kPhases{
    {{"http_req_looking_up", "trend", kOfPhases, "time"},
     {"http_req_connecting", "trend", kOfPhases, "time"},
     {"http_req_tls_handshaking", "trend", kOfPhases, "time"},
     {"http_req_sending", "trend", kOfPhases, "time"},
     {"http_req_waiting", "trend", kOfPhases, "time"},
     {"http_req_receiving", "trend", kOfPhases, "time"}}};

/// Whether k6 has a name of its own for what that metric shows.
[[nodiscard]] constexpr bool has_name_for(std::string_view metric) {
    for (const K6Metric& each : kMetrics) {
        if (each.shows == metric) {
            return true;
        }
    }
    return false;
}

/// By ThresholdMetric, up to Probe.
inline constexpr std::array<K6Metric, 10> kOfThresholds{
    kDuration, kService, kFailed,     kRequests, kDropped,
    kChecks,   kGroups,  kIterations, kDataSent, kDataReceived};

}  // namespace k6
}  // namespace plimsoll
