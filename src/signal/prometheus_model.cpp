#include "signal/prometheus_model.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr double kLongestLimitSeconds = 3600;  // the histogram's own range ends there

bool is_time_limit(const Threshold& threshold) {
    const bool time = threshold.metric == ThresholdMetric::ResponseTime ||
                      threshold.metric == ThresholdMetric::ServiceTime ||
                      threshold.metric == ThresholdMetric::GroupDuration;
    const bool counts =
        threshold.statistic == Statistic::Rate || threshold.statistic == Statistic::Count;
    return time && !counts && threshold.limit > 0 && threshold.limit <= kLongestLimitSeconds;
}

std::string label_name(std::string_view key, const PrometheusLabels& taken) {
    std::string name(key);
    std::replace_if(
        name.begin(), name.end(),
        [](unsigned char c) { return !(c < 0x80 && (std::isalnum(c) != 0 || c == '_')); }, '_');
    const auto is_taken = [&] {
        return name == "job" || name == "instance" || name == "le" || name == "quantile" ||
               std::any_of(taken.begin(), taken.end(),
                           [&](const auto& label) { return label.first == name; });
    };
    if (name.starts_with("__") || (name[0] >= '0' && name[0] <= '9') || is_taken()) {
        name = "tag_" + name;
    }
    while (is_taken()) {
        name += '_';
    }
    return name;
}

std::vector<Nanoseconds> own_bounds() {
    std::vector<Nanoseconds> bounds{100us, 200us, 300us, 500us};
    for (Nanoseconds decade = 1ms; decade < 10s; decade *= 10) {
        for (const int tenths : {10, 12, 15, 18, 20, 25, 30, 35, 40, 50, 60, 70, 80}) {
            bounds.push_back(decade * tenths / 10);
        }
    }
    // A minute in place of 50 s: it is what time-outs are made of.
    bounds.insert(bounds.end(), {10s, 20s, 30s, 60s});
    return bounds;
}

}  // namespace

std::vector<Nanoseconds> bucket_bounds(std::span<const Threshold> thresholds,
                                       std::span<const Nanoseconds> asked) {
    std::vector<Nanoseconds> bounds =
        asked.empty() ? own_bounds() : std::vector<Nanoseconds>(asked.begin(), asked.end());
    for (const Threshold& threshold : thresholds) {
        if (is_time_limit(threshold)) {
            bounds.emplace_back(std::llround(threshold.limit * 1e9));
        }
    }
    std::sort(bounds.begin(), bounds.end());
    bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
    return bounds;
}

PrometheusLabels prometheus_labels(std::vector<MetricLabel> labels, std::size_t declared) {
    PrometheusLabels out;
    out.reserve(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
        std::string name =
            i < declared ? std::string(labels[i].name) : label_name(labels[i].name, out);
        out.emplace_back(std::move(name), std::move(labels[i].value));
    }
    return out;
}

}  // namespace plimsoll
