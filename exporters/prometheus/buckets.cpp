#include "exporters/prometheus/buckets.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

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

}  // namespace

std::vector<Nanoseconds> bucket_bounds(std::span<const Threshold> thresholds) {
    std::vector<Nanoseconds> bounds{100us, 200us, 300us, 500us};
    for (Nanoseconds decade = 1ms; decade < 10s; decade *= 10) {
        for (const int tenths : {10, 12, 15, 18, 20, 25, 30, 35, 40, 50, 60, 70, 80}) {
            bounds.push_back(decade * tenths / 10);
        }
    }
    // A minute in place of 50 s: it is what time-outs are made of.
    bounds.insert(bounds.end(), {10s, 20s, 30s, 60s});
    for (const Threshold& threshold : thresholds) {
        if (is_time_limit(threshold)) {
            bounds.emplace_back(std::llround(threshold.limit * 1e9));
        }
    }
    std::sort(bounds.begin(), bounds.end());
    bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
    return bounds;
}

prometheus::ClientMetric::Histogram classic_buckets(const Histogram& histogram,
                                                    std::span<const Nanoseconds> bounds) {
    prometheus::ClientMetric::Histogram out;
    out.sample_count = histogram.count();
    out.sample_sum = to_seconds(histogram.sum());
    std::vector<std::uint64_t> counts(bounds.size());
    histogram.counts_at_most(bounds, counts);
    out.bucket.reserve(bounds.size() + 1);
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        out.bucket.push_back({counts[i], to_seconds(bounds[i])});
    }
    out.bucket.push_back({histogram.count(), std::numeric_limits<double>::infinity()});
    return out;
}

}  // namespace plimsoll
