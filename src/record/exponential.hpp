// The one histogram as an exponential one: what Prometheus calls native, and OpenTelemetry
// exponential histograms.
#pragma once

#include "record/histogram.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll {

/// Counts of durations in seconds, in buckets each 2^(1/32) = 1.022 times as wide as the one before
/// (schema 5, or scale 5). Bucket `index` holds values in (2^((index-1)/32), 2^(index/32)], as
/// Prometheus counts them; OpenTelemetry's index of the same bucket is one less.
struct ExponentialCounts {
    static constexpr int kSchema = 5;
    /// 2^-20 s: what is not above it, 954 ns, is counted in `zero`, as the clock tells no more.
    static constexpr double kZeroThreshold = 1.0 / (1 << 20);

    std::uint64_t count = 0;
    double sum_s = 0;
    std::uint64_t zero = 0;
    struct Bucket {
        std::int32_t index = 0;
        std::uint64_t count = 0;
        friend bool operator==(const Bucket&, const Bucket&) = default;
    };
    std::vector<Bucket> buckets;  // those with counts, in ascending order
};

/// Every value counts where the middle of its bucket lies: a quantile read from it is within 2.6 %
/// of the value that was recorded. Counts and sum are exact.
[[nodiscard]] ExponentialCounts exponential_counts(const Histogram& histogram);

}  // namespace plimsoll
