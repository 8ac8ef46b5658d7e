#include "exporters/prometheus/buckets.hpp"

#include <cstdint>
#include <limits>

namespace plimsoll {

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
