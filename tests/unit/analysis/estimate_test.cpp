#include "analysis/capacity/estimate.hpp"

#include "analysis/steady.hpp"
#include "base/random.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Estimate, CoversTheTrueShareInNineOfTenSeriesOfIndependentSamples) {
    int covered = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Random random(seed, 1, 1);
        std::vector<TickShare> ticks;
        for (int t = 0; t < 20; ++t) {
            double hits = 0;
            for (int i = 0; i < 100; ++i) {
                hits += random.uniform() < 0.02 ? 1 : 0;
            }
            ticks.push_back({hits, 100});
        }
        const Estimate share = share_of(ticks);
        covered += share.low <= 0.02 && 0.02 <= share.high ? 1 : 0;
    }
    EXPECT_GE(covered, 350);  // 90 % asked for; widened by the correlation that chance shows
}

/// Whole ticks are slow or not: 100 samples of a tick say what one does.
TEST(Estimate, CountsSamplesThatAreAllAlikeWithinATickAsOne) {
    std::vector<TickShare> ticks;
    for (int t = 0; t < 40; ++t) {
        ticks.push_back({t % 4 == 0 ? 100.0 : 0.0, 100});
    }
    EXPECT_NEAR(correlation_of(ticks), 100 * 40.0 / 39, 1);
    const Estimate share = share_of(ticks);
    EXPECT_DOUBLE_EQ(share.value, 0.25);
    EXPECT_NEAR(share.high - share.low, 2 * 1.645 * std::sqrt(0.25 * 0.75 / 40), 0.02);
}

TEST(Estimate, OfAQuantileHasNoUpperBoundWithoutEnoughSamples) {
    Histogram few;
    Histogram enough;
    for (int i = 1; i <= 100; ++i) {
        few.record(std::chrono::milliseconds(i));
    }
    for (int i = 1; i <= 1000; ++i) {
        enough.record(std::chrono::milliseconds(i));
    }
    EXPECT_TRUE(std::isinf(quantile_of(few, 0.99, 1).high));
    const Estimate p99 = quantile_of(enough, 0.99, 1);
    EXPECT_NEAR(p99.value, 0.990, 0.005);
    EXPECT_NEAR(p99.low, 0.985, 0.005);   // rank 990 - 1.645·sqrt(9.9)
    EXPECT_NEAR(p99.high, 0.996, 0.005);  // and one more above
}

TEST(Estimate, OfAMeanWidensWithWhatTicksDiffer) {
    const std::vector<TickSum> alike(10, {50, 100});
    EXPECT_DOUBLE_EQ(mean_of(alike).low, 0.5);
    EXPECT_DOUBLE_EQ(mean_of(alike).high, 0.5);
    std::vector<TickSum> apart;
    for (int i = 0; i < 10; ++i) {
        apart.push_back({i % 2 == 0 ? 40.0 : 60.0, 100});
    }
    // Standard error 0.1/sqrt(9), Student's t of 9 degrees 1.833.
    EXPECT_NEAR(mean_of(apart).high, 0.5 + 1.833 * 0.1 / 3, 0.001);
}

TEST(Estimate, CutsTheWarmUpOfASeries) {
    std::vector<double> values(5, 10.0);
    for (int i = 0; i < 20; ++i) {
        values.push_back(i % 2 == 0 ? 1.0 : 1.1);
    }
    EXPECT_EQ(steady_from(values, values.size() / 2), 5U);
}

}  // namespace
}  // namespace plimsoll
