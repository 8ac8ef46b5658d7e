// The exponential form of a histogram, against the definition of its buckets.
#include "record/exponential.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using Bucket = ExponentialCounts::Bucket;
using ::testing::ElementsAre;

TEST(ExponentialCounts, CountsEachValueInTheBucketThatHoldsIt) {
    Histogram histogram;
    histogram.record(1s);  // in (2^-(1/32), 1] or the next: within its own bucket's 0.8 %
    histogram.record_n(100ms, 3);
    const ExponentialCounts counts = exponential_counts(histogram);
    EXPECT_EQ(counts.count, 4U);
    EXPECT_DOUBLE_EQ(counts.sum_s, 1.3);
    EXPECT_EQ(counts.zero, 0U);
    // log2(0.1) * 32 = -106.3
    EXPECT_THAT(counts.buckets,
                ElementsAre(Bucket{-106, 3}, testing::AnyOf(Bucket{0, 1}, Bucket{1, 1})));
}

TEST(ExponentialCounts, AreWithinTwoPointSixPercentOfEveryValue) {
    for (double seconds = 1.1e-6; seconds < 3000; seconds *= 1.0007) {
        Histogram histogram;
        histogram.record(from_seconds(seconds));
        const ExponentialCounts counts = exponential_counts(histogram);
        ASSERT_EQ(counts.buckets.size(), 1U) << seconds;
        const double upper = std::exp2(counts.buckets[0].index / 32.0);
        const double lower = std::exp2((counts.buckets[0].index - 1) / 32.0);
        EXPECT_LE(upper / seconds, 1.026) << seconds;
        EXPECT_LE(seconds / lower, 1.026) << seconds;
    }
}

TEST(ExponentialCounts, CountWhatIsBelowAMicrosecondAsNothing) {
    Histogram histogram;
    histogram.record(0ns);
    histogram.record(900ns);
    histogram.record(1100ns);
    const ExponentialCounts counts = exponential_counts(histogram);
    EXPECT_EQ(counts.zero, 2U);
    ASSERT_EQ(counts.buckets.size(), 1U);
    EXPECT_EQ(counts.count, 3U);
}

TEST(ExponentialCounts, LoseNoValue) {
    Histogram histogram;
    for (std::uint64_t ns = 1; ns < 5'000'000'000'000; ns = ns * 3 / 2 + 1) {
        histogram.record(Nanoseconds(ns));
    }
    const ExponentialCounts counts = exponential_counts(histogram);
    std::uint64_t sum = counts.zero;
    for (std::size_t i = 0; i < counts.buckets.size(); ++i) {
        sum += counts.buckets[i].count;
        EXPECT_TRUE(i == 0 || counts.buckets[i - 1].index < counts.buckets[i].index);
    }
    EXPECT_EQ(sum, histogram.count());
}

TEST(ExponentialCounts, OfNothingAreNothing) {
    const ExponentialCounts counts = exponential_counts({});
    EXPECT_EQ(counts.count, 0U);
    EXPECT_TRUE(counts.buckets.empty());
}

}  // namespace
}  // namespace plimsoll
