#include "analysis/latency.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::milliseconds;

Sample sample_of(int latency_ms, Outcome outcome = Outcome::Ok) {
    Sample sample;
    sample.due = Clock::time_point{} + std::chrono::seconds(1);
    sample.sent = sample.due;
    sample.completed = sample.due + milliseconds(latency_ms);
    sample.outcome = outcome;
    sample.bytes_received = 1000;
    return sample;
}

TEST(LatencySummary, GivesNearestRankPercentilesOfAKnownList) {
    Histogram histogram;
    for (int ms = 1; ms <= 1000; ++ms) {
        histogram.record(milliseconds(ms));
    }
    const LatencySummary summary = summarise_latency(histogram, 0);
    EXPECT_EQ(summary.count, 1000U);
    EXPECT_DOUBLE_EQ(summary.min, 0.001);
    EXPECT_DOUBLE_EQ(summary.max, 1.0);
    EXPECT_DOUBLE_EQ(summary.mean, 0.5005);  // (1 + 1000) / 2 ms
    EXPECT_NEAR(summary.p50, 0.500, 0.500 / 256);
    EXPECT_NEAR(summary.p90, 0.900, 0.900 / 256);
    EXPECT_NEAR(summary.p95, 0.950, 0.950 / 256);
    EXPECT_NEAR(summary.p99, 0.990, 0.990 / 256);
    EXPECT_NEAR(summary.p999, 0.999, 0.999 / 256);
    EXPECT_TRUE(summary.p99_supported);
    EXPECT_FALSE(summary.p999_supported);
}

// The least n for which both order statistics of a two-sided 95 % interval exist; independent of
// the code: by trying every n.
TEST(LatencySummary, NeedsAsManySamplesAsAnIntervalOfTheQuantileDoes) {
    const auto least = [](double p) {
        for (std::uint64_t n = 1;; ++n) {
            const double rank = static_cast<double>(n) * p;
            const double width = 1.96 * std::sqrt(static_cast<double>(n) * p * (1 - p));
            if (std::ceil(rank + width) + 1 <= static_cast<double>(n)) {
                return n;
            }
        }
    };
    EXPECT_EQ(least(0.99), kSamplesForP99);
    EXPECT_EQ(least(0.999), kSamplesForP999);
}

TEST(LatencySummary, SupportsAPercentileFromItsLeastCountOn) {
    Histogram histogram;
    histogram.record_n(milliseconds(5), 562);
    EXPECT_FALSE(summarise_latency(histogram, 0).p99_supported);
    histogram.record(milliseconds(5));
    EXPECT_TRUE(summarise_latency(histogram, 0).p99_supported);
}

TEST(LatencySummary, KnowsWhichQuantilesLieAmongTimeouts) {
    Histogram histogram;
    histogram.record_n(milliseconds(5), 9800);
    histogram.record_n(std::chrono::seconds(30), 200);
    const LatencySummary summary = summarise_latency(histogram, 200);
    EXPECT_DOUBLE_EQ(summary.censored_from, 0.98);
    EXPECT_FALSE(summary.p99_supported);
    EXPECT_FALSE(summary.p999_supported);
}

TEST(LatencySummary, IsAllZeroWithoutSamples) {
    const LatencySummary summary = summarise_latency({}, 0);
    EXPECT_EQ(summary.count, 0U);
    EXPECT_EQ(summary.mean, 0);
    EXPECT_FALSE(summary.p99_supported);
}

TEST(EndpointSummary, CountsOutcomesUnderTheirPublicNames) {
    EndpointStats stats;
    for (int i = 0; i < 8; ++i) {
        stats.record(sample_of(10));
    }
    stats.record(sample_of(20, Outcome::Http5xx));
    stats.record(sample_of(30, Outcome::ResponseTimeout));
    const EndpointResult result = summarise_endpoint({"reader", "/x", "GET"}, stats, 4);
    EXPECT_EQ(result.user, "reader");
    EXPECT_EQ(result.requests, 10U);
    EXPECT_EQ(result.failed, 2U);
    EXPECT_DOUBLE_EQ(result.rate, 2.5);
    EXPECT_EQ(result.outcomes, (std::map<std::string, std::uint64_t>{
                                   {"ok", 8}, {"http_5xx", 1}, {"response_timeout", 1}}));
    EXPECT_DOUBLE_EQ(result.bytes_received_mean, 1000);
    EXPECT_DOUBLE_EQ(result.response.mean, 0.013);  // (80 + 20 + 30) / 10 ms
    EXPECT_DOUBLE_EQ(result.response.censored_from, 0.9);
}

}  // namespace
}  // namespace plimsoll
