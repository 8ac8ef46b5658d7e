// Looks into metric frames.
#pragma once

#include "signal/metric_set.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace plimsoll::test {

/// "name{label=value,...} value" of each series of every family, sorted; of a histogram its count.
inline std::vector<std::string> series(const MetricFrame& frame) {
    std::vector<std::string> out;
    for (const MetricFamily& family : frame.families) {
        for (const MetricSeries& series : family.series) {
            std::string line = family.metric->name + "{";
            for (const MetricLabel& label : series.labels) {
                line +=
                    (line.back() == '{' ? "" : ",") + std::string(label.name) + "=" + label.value;
            }
            const double value =
                series.times != nullptr ? static_cast<double>(series.times->count()) : series.value;
            out.push_back(line + "} " + std::to_string(static_cast<long long>(value)));
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// Those of one metric.
inline std::vector<std::string> series(const MetricFrame& frame, const std::string& name) {
    std::vector<std::string> out = series(frame);
    std::erase_if(out, [&](const std::string& line) { return !line.starts_with(name + "{"); });
    return out;
}

}  // namespace plimsoll::test
