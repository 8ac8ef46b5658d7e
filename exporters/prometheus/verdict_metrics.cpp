#include "exporters/prometheus/verdict_metrics.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace plimsoll {
namespace {

prometheus::MetricFamily threshold_family(const RunVerdict& verdict) {
    prometheus::MetricFamily family;
    family.name = "plimsoll_threshold_ok";
    family.help = "1 while the threshold holds, 0 when it does not.";
    family.type = prometheus::MetricType::Gauge;
    for (const auto& [threshold, ok] : verdict.thresholds) {
        const bool twice =
            std::any_of(family.metric.begin(), family.metric.end(),
                        [&](const auto& m) { return m.label.front().value == threshold; });
        if (!twice) {
            prometheus::ClientMetric metric;
            metric.label = {{"threshold", threshold}};
            metric.gauge.value = ok ? 1 : 0;
            family.metric.push_back(std::move(metric));
        }
    }
    return family;
}

prometheus::MetricFamily finding_family(const RunVerdict& verdict) {
    prometheus::MetricFamily family;
    family.name = "plimsoll_finding";
    family.help = "1 for each cause that the run's diagnosis names; there once the run is over.";
    family.type = prometheus::MetricType::Gauge;
    for (const auto& [cause, confidence] : verdict.findings) {
        prometheus::ClientMetric metric;
        metric.label = {{"cause", cause}, {"confidence", confidence}};
        metric.gauge.value = 1;
        family.metric.push_back(std::move(metric));
    }
    return family;
}

/// Two families.
void add_breaking_point(const std::optional<BrokeAt>& broke,
                        std::vector<prometheus::MetricFamily>& families) {
    std::array<prometheus::MetricFamily, 2> out;
    out[0].name = "plimsoll_breaking_point_rate";
    out[0].help = "What was offered when the target broke: iterations per second, or users.";
    out[1].name = "plimsoll_breaking_point_seconds";
    out[1].help = "When the target broke, since the run's start.";
    for (auto& family : out) {
        family.type = prometheus::MetricType::Gauge;
        if (broke) {
            family.metric.emplace_back().gauge.value =
                &family == out.data() ? broke->rate : broke->at_s;
        }
        families.push_back(std::move(family));
    }
}

}  // namespace

std::vector<prometheus::MetricFamily> verdict_families(const RunVerdict& verdict) {
    std::vector<prometheus::MetricFamily> families{threshold_family(verdict),
                                                   finding_family(verdict)};
    add_breaking_point(verdict.broke_at, families);
    return families;
}

}  // namespace plimsoll
