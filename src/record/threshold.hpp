// A pass/fail criterion on a load metric, in k6's words. Parsed by scenario, judged by analysis.
#pragma once

#include "base/clock.hpp"

#include <string>

namespace plimsoll {

enum class ThresholdMetric {
    ResponseTime,  // http_req_duration: due → last byte, in seconds
    ServiceTime,   // http_req_service: first byte sent → last byte, in seconds
    Failed,        // http_req_failed: failed over all requests, a ratio
    Requests,      // http_reqs: count, or rate per second
    Dropped,       // dropped_iterations: count, or rate per second
    Checks,        // checks: passed over all, a ratio
    GroupDuration  // group_duration: due of a group's first step → end of its last, in seconds
};
enum class Statistic { Avg, Min, Med, Max, Quantile, Rate, Count };
enum class Comparison { Less, LessEqual, Greater, GreaterEqual };

struct Threshold {
    std::string key;         // as written: http_req_duration{endpoint:/v1/x [LIST]}
    std::string expression;  // as written: p(95)<500ms
    ThresholdMetric metric = ThresholdMetric::ResponseTime;
    std::string endpoint;  // only this endpoint's requests, this check, or this group; empty: all
    Statistic statistic = Statistic::Avg;
    double quantile = 0;  // for Statistic::Quantile, 0-1
    Comparison comparison = Comparison::Less;
    double limit = 0;  // seconds, ratio or count, by metric and statistic
    bool abort_on_fail = false;
    Nanoseconds delay_abort{};  // judged for abort only after so long
};

}  // namespace plimsoll
