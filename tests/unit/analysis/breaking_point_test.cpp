#include "analysis/breaking_point.hpp"

#include "synthetic_analysis.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;
using synthetic::Target;

void expect_break_near(const BreakingPoint& point, double rate, double tolerance) {
    ASSERT_TRUE(point.found);
    EXPECT_NEAR(point.at_rate, rate, tolerance * rate);
    EXPECT_LE(point.interval[0], rate * 1.005);
    EXPECT_GE(point.interval[1], rate * 0.995);
    EXPECT_LE(point.interval[0], point.at_rate);
    EXPECT_GE(point.interval[1], point.at_rate);
    EXPECT_LT(point.interval[1] - point.interval[0], 0.25 * rate);
    EXPECT_FALSE(point.symptom.empty());
}

// Capacity is pool / hold; the ramp reaches it at (capacity - start) / slope.
TEST(BreakingPoint, OfAPoolOnARampIsItsCapacity) {
    const Analysed run = analysed({});
    expect_break_near(run.analysis.breaking_point, 250, 0.02);
    EXPECT_NEAR(run.analysis.breaking_point.at_s, 28.4, 1);
}

TEST(BreakingPoint, StandsAgainstScatterOfPoissonArrivals) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Options options;
        options.poisson = true;
        options.seed = seed;
        SCOPED_TRACE(seed);
        expect_break_near(analysed(options).analysis.breaking_point, 250, 0.04);
    }
}

TEST(BreakingPoint, IsFoundOnASlowRampToo) {
    Options options;
    options.stages = {{300, 500}};
    options.poisson = true;
    const Analysed run = analysed(options);
    expect_break_near(run.analysis.breaking_point, 250, 0.04);
    EXPECT_NEAR(run.analysis.breaking_point.at_s, 142.1, 4);  // 225 / (475 / 300)
}

TEST(BreakingPoint, LiesBetweenTheStepsThatHeldAndBroke) {
    Options options;
    options.start = 100;
    options.stages = {{20, 100}, {0.001, 200}, {20, 200}, {0.001, 300}, {20, 300}};
    options.poisson = true;
    const BreakingPoint point = analysed(options).analysis.breaking_point;
    ASSERT_TRUE(point.found);
    EXPECT_NEAR(point.at_s, 40, 1);
    EXPECT_NEAR(point.interval[0], 200, 1e-6);
    EXPECT_NEAR(point.interval[1], 300, 1e-6);
}

TEST(BreakingPoint, IsFoundByErrorsWhereNothingQueues) {
    Options options;
    options.target = Target::MaxConnections;
    options.max_connections = 20;
    options.stages = {{60, 1500}};
    const BreakingPoint point = analysed(options).analysis.breaking_point;
    ASSERT_TRUE(point.found);
    // Evenly spaced arrivals keep rate × 20 ms connections open; 20 - 6 of them make 700/s.
    EXPECT_NEAR(point.at_rate, 700, 0.06 * 700);
}

TEST(BreakingPoint, IsFoundOnShortRampsAndLongHoldTimes) {
    for (const std::uint32_t pool : {2U, 8U}) {
        for (const double ramp_s : {20.0, 90.0}) {
            Options options;
            options.pool = pool;
            options.hold_s = 0.1;
            options.start = pool;  // a tenth of capacity, which is 10/s per connection
            options.stages = {{ramp_s, 20.0 * pool}};
            options.poisson = true;
            const BreakingPoint point = analysed(options).analysis.breaking_point;
            ASSERT_TRUE(point.found) << pool << " " << ramp_s;
            EXPECT_NEAR(point.at_rate, 10 * pool, pool) << ramp_s;
        }
    }
}

// 15 - 6 connections of 200 ms are all open at 45/s; filling up with requests in flight is no
// break.
TEST(BreakingPoint, IsNotTheFirstSecondOfASlowTarget) {
    Options options;
    options.target = Target::MaxConnections;
    options.max_connections = 15;
    options.hold_s = 0.2;
    options.start = 6;
    options.stages = {{20, 110}};
    const BreakingPoint point = analysed(options).analysis.breaking_point;
    ASSERT_TRUE(point.found);
    EXPECT_NEAR(point.at_rate, 45, 9);
    EXPECT_GT(point.interval[0], 20);
}

TEST(BreakingPoint, IsNotAQueueThatComesAndGoesNearCapacity) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Options options;
        options.start = 237;  // 95 % of capacity
        options.stages = {{60, 237}};
        options.poisson = true;
        options.seed = seed;
        EXPECT_FALSE(analysed(options).analysis.breaking_point.found) << seed;
    }
}

TEST(BreakingPoint, IsNotSeenWhereTheTargetKeepsUp) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Options options;
        options.pool = 50;
        options.poisson = true;
        options.seed = seed;
        const Analysed run = analysed(options);
        EXPECT_FALSE(run.analysis.breaking_point.found) << seed;
        EXPECT_NEAR(run.analysis.highest_offered, 500, 0.1);
    }
}

TEST(BreakingPoint, IsNotAHabitOfFailingNowAndThen) {
    Options options;
    options.pool = 50;
    options.failed_share = 0.05;
    EXPECT_FALSE(analysed(options).analysis.breaking_point.found);
}

TEST(BreakingPoint, IsNotAHiccupOfThreeSeconds) {
    Options options;
    options.pool = 50;
    RunData data = analysed(options).data;
    for (std::size_t i = 30; i < 33; ++i) {
        data.ticks[i].ok /= 2;
        data.ticks[i].response_mean_s = 2;
    }
    EXPECT_FALSE(find_breaking_point(data).point.found);
    for (std::size_t i = 33; i < 37; ++i) {
        data.ticks[i].ok /= 2;
    }
    const Break found = find_breaking_point(data);
    EXPECT_TRUE(found.point.found);
    EXPECT_DOUBLE_EQ(found.point.at_s, 30);
}

TEST(BreakingPoint, OfALatencyThatLeftItsFloorAloneNeedsAFivefoldLastingRise) {
    Options options;
    options.pool = 50;
    RunData data = analysed(options).data;
    for (std::size_t i = 40; i < 60; ++i) {
        data.ticks[i].response_mean_s = 0.060;
    }
    EXPECT_FALSE(find_breaking_point(data).point.found);
    for (std::size_t i = 40; i < 60; ++i) {
        data.ticks[i].response_mean_s = 0.5;
    }
    const Break found = find_breaking_point(data);
    ASSERT_TRUE(found.point.found);
    EXPECT_DOUBLE_EQ(found.point.at_s, 40);
}

TEST(BreakingPoint, OfATargetOverloadedFromTheStartLiesBelowTheLoad) {
    Options options;
    options.start = 400;
    options.stages = {{30, 400}};
    const Analysed run = analysed(options);
    const BreakingPoint& point = run.analysis.breaking_point;
    ASSERT_TRUE(point.found);
    EXPECT_DOUBLE_EQ(point.at_s, 0);
    EXPECT_DOUBLE_EQ(point.interval[0], 0);
    EXPECT_DOUBLE_EQ(point.interval[1], 400);
}

// With think time Z users make N / (Z + R) requests a second; 5 connections of 20 ms are full at
// 5 × (50 + 22) / 20 = 18 users.
TEST(BreakingPoint, OfAClosedModelIsGivenInUsers) {
    Options options;
    options.open = false;
    options.start = 1;
    options.stages = {{60, 50}};
    options.think_s = 0.05;
    const Analysed run = analysed(options);
    EXPECT_FALSE(run.analysis.open_model);
    ASSERT_TRUE(run.analysis.breaking_point.found);
    EXPECT_NEAR(run.analysis.breaking_point.at_rate, 18, 1);
    EXPECT_LE(run.analysis.breaking_point.interval[0], 18);
    EXPECT_GE(run.analysis.breaking_point.interval[1], 18);
}

TEST(BreakingPoint, IsNotSeenWhereUsersNeverWaitForEachOther) {
    Options options;
    options.open = false;
    options.start = 1;
    options.stages = {{60, 50}};
    options.think_s = 1;
    options.pool = 50;
    EXPECT_FALSE(analysed(options).analysis.breaking_point.found);
}

TEST(BreakingPoint, IsTheSameWhereTheLoadGoesDownAgain) {
    Options options;
    options.stages = {{60, 500}, {30, 10}};
    expect_break_near(analysed(options).analysis.breaking_point, 250, 0.03);
}

/// The healthy ramp from 25/s to 500/s, slow from `from` to `to` seconds.
RunData slowed_down(int from, int to) {
    Options options;
    options.pool = 50;
    RunData data = analysed(options).data;
    for (int i = from; i < to; ++i) {
        data.ticks[static_cast<std::size_t>(i)].response_mean_s = 2;
    }
    return data;
}

TEST(BreakingPoint, ThatHealedIsToldWithBothTimes) {
    const Break found = find_breaking_point(slowed_down(20, 30));
    ASSERT_TRUE(found.point.found);
    EXPECT_DOUBLE_EQ(found.point.at_s, 20);
    EXPECT_NEAR(found.point.at_rate, 25 + 20.5 * 475 / 60, 1e-6);
    ASSERT_TRUE(found.point.recovered_s.has_value());
    EXPECT_DOUBLE_EQ(*found.point.recovered_s, 30);
    EXPECT_TRUE(found.point.healed.empty());
    // What diagnosis looks at ends with it.
    EXPECT_DOUBLE_EQ(found.until_s, 30);
}

TEST(BreakingPoint, HasNotHealedUntilItKeptUpForHalfAsLong) {
    EXPECT_FALSE(find_breaking_point(slowed_down(20, 56)).point.recovered_s);  // 4 s are left
    EXPECT_FALSE(find_breaking_point(slowed_down(20, 48)).point.recovered_s);  // 12 s, of 28 s
    EXPECT_TRUE(find_breaking_point(slowed_down(20, 40)).point.recovered_s);
}

TEST(BreakingPoint, IsTheLastingOneWhereAnEarlierOneHealed) {
    RunData data = slowed_down(10, 16);
    for (std::size_t i = 45; i < 60; ++i) {
        data.ticks[i].response_mean_s = 2;
    }
    const Break found = find_breaking_point(data);
    ASSERT_TRUE(found.point.found);
    EXPECT_DOUBLE_EQ(found.point.at_s, 45);
    EXPECT_FALSE(found.point.recovered_s);
    ASSERT_EQ(found.point.healed.size(), 1U);
    EXPECT_DOUBLE_EQ(found.point.healed[0].from_s, 10);
    EXPECT_DOUBLE_EQ(found.point.healed[0].to_s, 16);
    EXPECT_NEAR(found.point.healed[0].at_rate, 25 + 10.5 * 475 / 60, 1e-6);
}

TEST(BreakingPoint, ThatComesBackAtTheSameLoadHasNotHealed) {
    Options options;
    options.pool = 50;
    options.start = 200;
    options.stages = {{60, 200}};
    RunData data = analysed(options).data;
    for (std::size_t i = 15; i < 60; ++i) {
        data.ticks[i].response_mean_s = i < 25 || i >= 35 ? 2 : data.ticks[i].response_mean_s;
    }
    const Break found = find_breaking_point(data);
    ASSERT_TRUE(found.point.found);
    EXPECT_DOUBLE_EQ(found.point.at_s, 15);
    EXPECT_FALSE(found.point.recovered_s);
    EXPECT_GE(found.until_s, 59);
}

TEST(BreakingPoint, HealsOnlyUnderAsMuchLoad) {
    Options options;
    options.stages = {{30, 500}, {30, 100}};  // past 250/s, and back below
    const Break found = find_breaking_point(analysed(options).data);
    ASSERT_TRUE(found.point.found);
    EXPECT_FALSE(found.point.recovered_s);
}

TEST(BreakingPoint, IsNotJudgedWhereTheGeneratorWasTheLimit) {
    Options options;
    options.generator_limit = 200;
    const Analysed run = analysed(options);
    EXPECT_EQ(run.analysis.verdict, Verdict::Invalid);
    EXPECT_FALSE(run.analysis.breaking_point.found);
}

TEST(BreakingPoint, IsNotSeenInAnEmptyRun) {
    EXPECT_FALSE(find_breaking_point(RunData{}).point.found);
}

}  // namespace
}  // namespace plimsoll
