// Looks into metric families.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace plimsoll::test {

/// "name{label=value,...} value" of every series of every counter or gauge family, sorted.
template <typename Families>
std::vector<std::string> series(const Families& families) {
    std::vector<std::string> out;
    for (const auto& family : families) {
        for (const auto& metric : family.metric) {
            std::string line = family.name + "{";
            for (const auto& label : metric.label) {
                line += (line.back() == '{' ? "" : ",") + label.name + "=" + label.value;
            }
            const double value = std::max(metric.counter.value, metric.gauge.value);
            out.push_back(line + "} " + std::to_string(static_cast<long long>(value)));
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// Those of one family.
template <typename Families>
std::vector<std::string> series(const Families& families, const std::string& name) {
    Families some;
    std::copy_if(families.begin(), families.end(), std::back_inserter(some),
                 [&](const auto& family) { return family.name == name; });
    return series(some);
}

}  // namespace plimsoll::test
