#include "analysis/compare/resample.hpp"

#include "analysis/compare/rows.hpp"
#include "base/random.hpp"
#include "tests/support/simulated_target.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using Kind = Measure::Kind;

/// A run of cells that hold one ratio, and as many equal response times each.
SampledRun run_of(const std::vector<double>& over, const std::vector<double>& under,
                  Nanoseconds response = 10ms) {
    SampledRun run;
    run.cells = over.size();
    run.ratios = {{over, under}};
    run.distributions.resize(1);
    for (std::size_t c = 0; c < over.size(); ++c) {
        const auto ns = static_cast<std::uint64_t>(response.count());
        run.distributions[0].cells.push_back(
            {{static_cast<std::uint32_t>(Histogram::bucket_of(ns)), 100.0}});
        run.pace.push_back(over[c]);
    }
    return run;
}

Difference difference(const SampledRun& base, const SampledRun& now, Measure measure) {
    return resample({&base, 1}, {&now, 1}, {&measure, 1}, {}).front();
}

std::vector<double> noise(std::size_t n, double mean, double spread, std::uint64_t seed) {
    Random random(seed, 5, 0);
    std::vector<double> values;
    for (std::size_t i = 0; i < n; ++i) {
        double sum = -6;
        for (int k = 0; k < 12; ++k) {
            sum += random.uniform();  // twelve uniforms: variance 1
        }
        values.push_back(mean + spread * sum);
    }
    return values;
}

TEST(Resample, GivesTheRatioOfConstantSeriesExactly) {
    const std::vector<double> under(20, 2.0);
    const SampledRun base = run_of(std::vector<double>(20, 10.0), under);
    const SampledRun now = run_of(std::vector<double>(20, 11.0), under);
    const Difference d = difference(base, now, {Kind::Ratio, 0, 0});
    EXPECT_TRUE(d.known);
    EXPECT_DOUBLE_EQ(d.base, 5.0);
    EXPECT_DOUBLE_EQ(d.now, 5.5);
    EXPECT_NEAR(d.change, std::log(1.1), 1e-12);
    EXPECT_GT(d.low, 0.05);  // nothing varies: what is left is a histogram's resolution
    EXPECT_LT(d.high, 0.15);
}

TEST(Resample, GivesAQuantileWithinItsBucket) {
    const std::vector<double> ones(20, 1.0);
    const SampledRun base = run_of(ones, ones, 10ms);
    const SampledRun now = run_of(ones, ones, 12ms);
    const Difference d = difference(base, now, {Kind::Quantile, 0, 0.95});
    EXPECT_NEAR(d.base, 0.010, 0.010 / 128);
    EXPECT_NEAR(d.now, 0.012, 0.012 / 128);
    EXPECT_NEAR(d.change, std::log(1.2), 0.01);
}

/// The mean of 60 cells with a spread of 10 % has an error of 0.1/√60; of a difference √2 times it.
TEST(Resample, IntervalOfOneRowIsThatOfStudentsT) {
    const std::vector<double> ones(60, 1.0);
    double reach = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const SampledRun base = run_of(noise(60, 1, 0.1, 2 * seed), ones);
        const SampledRun now = run_of(noise(60, 1, 0.1, 2 * seed + 1), ones);
        const Difference d = difference(base, now, {Kind::Ratio, 0, 0});
        reach += (d.high - d.low) / 2 / 20;
    }
    const double error = 0.1 * std::sqrt(2.0 / 60);
    constexpr double kT = 2.145;  // 97.5 % with 14 degrees of freedom: 15 blocks of 4
    EXPECT_NEAR(reach, kT * error, 0.2 * kT * error);
}

TEST(Resample, WhatTheScheduleDoesToBothSidesCancels) {
    const std::vector<double> ones(60, 1.0);
    std::vector<double> ramp;
    std::vector<double> slower;
    for (int c = 0; c < 60; ++c) {
        ramp.push_back(1.0 + c);  // sixty times as much at the end as at the beginning
        slower.push_back(1.1 * (1.0 + c));
    }
    const Difference d = difference(run_of(ramp, ones), run_of(slower, ones), {Kind::Ratio, 0, 0});
    EXPECT_NEAR(d.change, std::log(1.1), 1e-9);
    EXPECT_GT(d.low, 0.05);
}

TEST(Resample, ShareWithoutFailuresHasAnErrorToo) {
    const std::vector<double> none(20, 0.0);
    const std::vector<double> few(20, 10.0);  // 200 requests
    const Difference d = difference(run_of(none, few), run_of(none, few), {Kind::Share, 0, 0});
    EXPECT_DOUBLE_EQ(d.change, 0);
    EXPECT_GT(d.high, 0.01);  // no failure in 200 leaves room for 3/200 = 1.5 %
    EXPECT_LT(d.high, 0.05);
}

TEST(Resample, SaysThatItDoesNotKnow) {
    const std::vector<double> ones(kFewestCells - 1, 1.0);
    EXPECT_FALSE(difference(run_of(ones, ones), run_of(ones, ones), {Kind::Ratio, 0, 0}).known);
    const std::vector<double> enough(20, 1.0);
    const std::vector<double> unmeasured(20, 0.0);
    EXPECT_FALSE(
        difference(run_of(enough, enough), run_of(unmeasured, unmeasured), {Kind::Ratio, 0, 0})
            .known);
}

TEST(Resample, RunsOfASideThatDifferWidenTheInterval) {
    const std::vector<double> ones(30, 1.0);
    const auto at = [&](double level) { return run_of(noise(30, level, 0.001, 1), ones); };
    const std::vector<SampledRun> base{at(1.00), at(1.08), at(0.93)};
    const std::vector<SampledRun> now{at(1.05), at(1.12), at(0.98)};
    const Measure measure{Kind::Ratio, 0, 0};
    const Difference pooled = resample(base, now, {&measure, 1}, {}).front();
    EXPECT_LT(pooled.low, 0);  // 5 % more, where runs differ by 7 %
    EXPECT_GT(pooled.high, 0.1);
    EXPECT_NEAR(pooled.run_spread, 0.072, 0.01);
    const Difference single = difference(base[0], now[0], measure);
    EXPECT_GT(single.low, 0.04);  // which one run a side cannot show
    EXPECT_EQ(single.run_spread, 0);
}

TEST(Resample, DependsOnItsInputAlone) {
    const std::vector<double> ones(30, 1.0);
    const SampledRun base = run_of(noise(30, 1, 0.1, 1), ones);
    const SampledRun now = run_of(noise(30, 1, 0.1, 2), ones);
    const Difference once = difference(base, now, {Kind::Ratio, 0, 0});
    const Difference again = difference(base, now, {Kind::Ratio, 0, 0});
    EXPECT_EQ(once.low, again.low);
    EXPECT_EQ(once.high, again.high);
}

TEST(BlockLength, IsTheCubeRootUnlessTheSeriesHangsTogetherForLonger) {
    EXPECT_EQ(block_length(noise(64, 1, 0.1, 3)), 4U);
    std::vector<double> waves;
    for (int t = 0; t < 240; ++t) {
        waves.push_back(std::sin(t / 12.0));  // above 2/√240 for 17 steps
    }
    EXPECT_NEAR(static_cast<double>(block_length(waves)), 17, 2);
    EXPECT_EQ(block_length(noise(12, 1, 0.1, 3)), 2U);  // at least six blocks
    EXPECT_EQ(block_length({}), 1U);
}

// ---- simulated pairs ---------------------------------------------------------------------------

constexpr std::array kMeasures{Measure{Kind::Ratio, 0, 0}, Measure{Kind::Quantile, 0, 0.5},
                               Measure{Kind::Quantile, 0, 0.95}, Measure{Kind::Quantile, 0, 0.99},
                               Measure{Kind::Share, 1, 0}};

/// A minute of a target with five servers at half of what it carries.
SampledRun simulated(std::uint64_t seed, std::function<double(double, double)> service) {
    test::SimulatedTarget target({5, std::move(service), seed});
    SampledRun run;
    run.cells = 60;
    run.distributions.resize(1);
    run.ratios.resize(2);
    for (std::size_t c = 0; c < run.cells; ++c) {
        const auto tick = target.tick(125);
        const EndpointStats& all = tick.endpoints.front();
        auto& counts = run.distributions[0].cells.emplace_back();
        for (const Histogram::Bucket& bucket : all.response.buckets()) {
            counts.emplace_back(static_cast<std::uint32_t>(Histogram::bucket_of(bucket.lower_ns)),
                                static_cast<double>(bucket.count));
        }
        run.ratios[0].over.push_back(static_cast<double>(all.requests));
        run.ratios[0].under.push_back(1);
        run.ratios[1].over.push_back(static_cast<double>(all.failed));
        run.ratios[1].under.push_back(static_cast<double>(all.requests));
        run.pace.push_back(std::log(to_seconds(all.response.mean())));
    }
    return run;
}

/// Twenty milliseconds, 30 % more or less.
std::function<double(double, double)> spread_service(double mean_s) {
    return [mean_s](double, double draw) { return mean_s * (0.7 + 0.6 * draw); };
}

/// Of how many pairs one figure at least is called worse.
int worse_pairs(int pairs, const std::function<SampledRun(std::uint64_t)>& base,
                const std::function<SampledRun(std::uint64_t)>& now) {
    int worse = 0;
    for (int pair = 0; pair < pairs; ++pair) {
        const auto seed = static_cast<std::uint64_t>(pair);
        const SampledRun was = base(2 * seed + 1);
        const SampledRun is = now(2 * seed + 2);
        const auto differences = resample({&was, 1}, {&is, 1}, kMeasures, {seed, 200});
        bool any = false;
        for (std::size_t m = 0; m < kMeasures.size(); ++m) {
            CompareRow row;
            row.more_is_better = m == 0;
            row.tolerated = kMeasures[m].kind == Kind::Share ? 0.001 : 0.05;
            const Difference& d = differences[m];
            if (d.known) {
                row.change = std::expm1(d.change);
                row.interval = {std::expm1(d.low), std::expm1(d.high)};
            }
            any = any || judge_row(row) == RowVerdict::Worse;
        }
        worse += any ? 1 : 0;
    }
    return worse;
}

TEST(SimulatedPairs, OfOneTargetAreHardlyEverCalledWorse) {
    const auto even = [](std::uint64_t seed) { return simulated(seed, spread_service(0.020)); };
    EXPECT_LE(worse_pairs(100, even, even), 5);
    // Exponential service queues and scatters far more: percentiles differ by 10 % and more.
    const auto wild = [](std::uint64_t seed) { return simulated(seed, test::exponential(0.020)); };
    EXPECT_LE(worse_pairs(100, wild, wild), 5);
}

TEST(SimulatedPairs, WithTenPerCentMoreServiceTimeAreFound) {
    const auto before = [](std::uint64_t seed) { return simulated(seed, spread_service(0.020)); };
    const auto after = [](std::uint64_t seed) { return simulated(seed, spread_service(0.022)); };
    EXPECT_GE(worse_pairs(60, before, after), 57);
}

/// Slower and quicker by a tenth in waves of 13 seconds.
TEST(SimulatedPairs, WithSecondsThatHangTogetherAreHardlyEverCalledWorse) {
    const auto drifting = [](std::uint64_t seed) {
        const double phase = 6.283 * Random(seed, 9, 9).uniform();
        return simulated(seed, [phase](double at_s, double draw) {
            return 0.020 * (1 + 0.1 * std::sin(at_s / 2 + phase)) * (0.7 + 0.6 * draw);
        });
    };
    EXPECT_LE(worse_pairs(100, drifting, drifting), 5);
}

}  // namespace
}  // namespace plimsoll
