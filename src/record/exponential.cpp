#include "record/exponential.hpp"

#include <array>
#include <cmath>

namespace plimsoll {
namespace {

constexpr std::int32_t kInZero = INT32_MIN;

/// The exponential bucket of each of the histogram's own, by the middle of it.
std::array<std::int32_t, Histogram::kBuckets> make_indices() {
    constexpr double kPerOctave = 1 << ExponentialCounts::kSchema;
    std::array<std::int32_t, Histogram::kBuckets> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto lower = static_cast<double>(Histogram::bucket_lower_ns(i));
        const auto upper = static_cast<double>(Histogram::bucket_lower_ns(i + 1));
        const double middle_s = (lower + upper) / 2 / 1e9;
        out[i] = middle_s <= ExponentialCounts::kZeroThreshold
                     ? kInZero
                     : static_cast<std::int32_t>(std::ceil(std::log2(middle_s) * kPerOctave));
    }
    return out;
}

}  // namespace

ExponentialCounts exponential_counts(const Histogram& histogram) {
    static const auto indices = make_indices();
    ExponentialCounts out;
    out.count = histogram.count();
    out.sum_s = to_seconds(histogram.sum());
    for (const Histogram::Bucket& bucket : histogram.buckets()) {
        const std::int32_t index = indices[Histogram::bucket_of(bucket.lower_ns)];
        if (index == kInZero) {
            out.zero += bucket.count;
        } else if (!out.buckets.empty() && out.buckets.back().index == index) {
            out.buckets.back().count += bucket.count;
        } else {
            out.buckets.push_back({index, bucket.count});
        }
    }
    return out;
}

}  // namespace plimsoll
