// Looking into readings.
#pragma once

#include "signal/probe.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace plimsoll::test {

/// The values of `name` in `reading`, by their labels joined with '|'.
inline std::map<std::string, double> values(const Probe& probe, const Reading& reading,
                                            const std::string& name) {
    std::map<std::string, double> found;
    for (const Value& value : reading.values) {
        const MetricDescriptor& descriptor = probe.descriptors()[value.metric];
        EXPECT_EQ(value.labels.size(), descriptor.labels.size()) << descriptor.name;
        if (descriptor.name == name) {
            std::string key;
            for (const std::string& label : value.labels) {
                key += (key.empty() ? "" : "|") + label;
            }
            EXPECT_FALSE(found.contains(key)) << "twice: " << name << " " << key;
            found[key] = value.value;
        }
    }
    return found;
}

/// The only value of `name`.
inline double single(const Probe& probe, const Reading& reading, const std::string& name) {
    const auto found = values(probe, reading, name);
    EXPECT_EQ(found.size(), 1U) << name;
    return found.empty() ? -1 : found.begin()->second;
}

}  // namespace plimsoll::test
