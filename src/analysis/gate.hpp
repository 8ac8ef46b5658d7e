// One threshold on what was counted: passed, failed, or not known.
#pragma once

#include "analysis/censored.hpp"
#include "analysis/result.hpp"
#include "record/interval.hpp"
#include "record/threshold.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace plimsoll {

/// What one threshold looks at, over some time.
struct LoadSums {
    EndpointStats stats;
    LoadCounts counts;
    double seconds = 0;
    Histogram groups;
    Histogram censored_groups;  // part of `groups`
    CheckCount checks;
    /// Where each endpoint was judged by itself; else by `stats`.
    std::optional<Failures> failures = std::nullopt;

    /// For sums without `failures` of their own.
    void merge(const LoadSums& other);
};

struct Gate {
    GateState state = GateState::NoSample;
    Bounds bounds;    // unless NoSample
    std::string why;  // where it is not known
};

/// Passed where it holds at both ends of the bounds, failed where it holds at neither.
[[nodiscard]] GateState judge(const Threshold& threshold, const Bounds& bounds);
/// Of a metric of the load; NoSample where there is nothing to judge. Counts over nothing are 0.
[[nodiscard]] Gate judge(const Threshold& threshold, const LoadSums& sums);
/// A value that is known exactly.
[[nodiscard]] Gate judge(const Threshold& threshold, double value);
/// Whether `a` is further from passing than `b`.
[[nodiscard]] bool is_worse(const Threshold& threshold, const Gate& a, const Gate& b);
/// What was looked for in vain, in a sentence.
[[nodiscard]] std::string nothing_to_judge(const Threshold& threshold);

/// Of a gate that was judged; `finished`: for good.
[[nodiscard]] ThresholdResult result_of(const Threshold& threshold, const std::optional<Gate>& gate,
                                        bool finished);

}  // namespace plimsoll
