#include "exporters/prometheus/buckets.hpp"

#include <cmath>

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

Threshold limit(ThresholdMetric metric, Statistic statistic, double value) {
    Threshold threshold;
    threshold.metric = metric;
    threshold.statistic = statistic;
    threshold.limit = value;
    return threshold;
}

TEST(BucketBounds, AreAtMostAQuarterApartFromAMillisecondToTenSeconds) {
    const auto bounds = bucket_bounds({});
    EXPECT_EQ(bounds.size(), 60U);
    EXPECT_EQ(bounds.front(), 100us);
    EXPECT_EQ(bounds.back(), 60s);
    for (const Nanoseconds round : {Nanoseconds(1ms), Nanoseconds(20ms), Nanoseconds(250ms),
                                    Nanoseconds(500ms), Nanoseconds(1s), Nanoseconds(10s)}) {
        EXPECT_THAT(bounds, Contains(round));
    }
    for (std::size_t i = 1; i < bounds.size(); ++i) {
        ASSERT_LT(bounds[i - 1], bounds[i]);
        if (bounds[i] > 1ms && bounds[i] <= 10s) {
            EXPECT_LE(bounds[i] * 4, bounds[i - 1] * 5) << to_seconds(bounds[i]);
        }
    }
}

TEST(BucketBounds, HoldEveryTimeLimitOfTheThresholdsOnceAndInOrder) {
    const std::vector<Threshold> thresholds{
        limit(ThresholdMetric::ResponseTime, Statistic::Quantile, 0.26),
        limit(ThresholdMetric::ResponseTime, Statistic::Quantile, 0.5),  // a bound already
        limit(ThresholdMetric::ServiceTime, Statistic::Avg, 0.075),
        limit(ThresholdMetric::ResponseTime, Statistic::Max, 90)};
    const auto bounds = bucket_bounds(thresholds);
    EXPECT_EQ(bounds.size(), 60U + 3U);
    EXPECT_THAT(bounds, Contains(260ms));
    EXPECT_THAT(bounds, Contains(75ms));
    EXPECT_EQ(bounds.back(), 90s);
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
}

TEST(BucketBounds, LeaveOutLimitsThatAreNoTimes) {
    const std::vector<Threshold> thresholds{
        limit(ThresholdMetric::Failed, Statistic::Rate, 0.01),
        limit(ThresholdMetric::Requests, Statistic::Count, 7),
        limit(ThresholdMetric::ResponseTime, Statistic::Quantile, 0),
        limit(ThresholdMetric::ResponseTime, Statistic::Quantile, 1e6)};
    EXPECT_EQ(bucket_bounds(thresholds), bucket_bounds({}));
}

TEST(BucketBounds, AreThoseAskedForAndTheLimitsOfThresholds) {
    const std::vector<Threshold> thresholds{
        limit(ThresholdMetric::ResponseTime, Statistic::Quantile, 0.26),
        limit(ThresholdMetric::ResponseTime, Statistic::Quantile, 0.5)};
    const std::vector<Nanoseconds> asked{5ms, 500ms, 2s};
    EXPECT_THAT(bucket_bounds(thresholds, asked), ElementsAre(5ms, 260ms, 500ms, 2s));
}

TEST(ClassicBuckets, CountEachDurationAtOrBelowItsBound) {
    Histogram histogram;
    histogram.record(150us);
    histogram.record_n(5ms, 3);
    histogram.record(2min);
    const auto out = classic_buckets(histogram, std::vector<Nanoseconds>{100us, 200us, 10ms, 60s});
    ASSERT_EQ(out.bucket.size(), 5U);
    EXPECT_EQ(out.bucket[0].cumulative_count, 0U);
    EXPECT_EQ(out.bucket[1].cumulative_count, 1U);
    EXPECT_EQ(out.bucket[2].cumulative_count, 4U);
    EXPECT_EQ(out.bucket[3].cumulative_count, 4U);
    EXPECT_EQ(out.bucket[4].cumulative_count, 5U);
    EXPECT_TRUE(std::isinf(out.bucket[4].upper_bound));
    EXPECT_EQ(out.bucket[0].upper_bound, 0.0001);
    EXPECT_EQ(out.sample_count, 5U);
    EXPECT_DOUBLE_EQ(out.sample_sum, 0.00015 + 3 * 0.005 + 120);
}

}  // namespace
}  // namespace plimsoll
