// A counter's name without what says that it is one.
#pragma once

#include "signal/reading.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// The metric's name, of a counter without "_total": OpenMetrics, OTLP and StatsD say in other ways
/// that it counts.
[[nodiscard]] inline std::string family_name(const MetricDescriptor& metric) {
    constexpr std::string_view kTotal = "_total";
    std::string name = metric.name;
    if (metric.type == MetricType::Counter && name.ends_with(kTotal)) {
        name.resize(name.size() - kTotal.size());
    }
    return name;
}

}  // namespace plimsoll
