#include "scenario/scenario.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(Expect, AcceptsSuccessAndRedirectionWhereNothingIsSaid) {
    const Expect expect;
    EXPECT_FALSE(expect.accepts(199));
    EXPECT_TRUE(expect.accepts(200));
    EXPECT_TRUE(expect.accepts(399));
    EXPECT_FALSE(expect.accepts(400));
    EXPECT_FALSE(expect.accepts(0));
}

TEST(Expect, AcceptsOnlyTheStatusesGiven) {
    const Expect expect{{{404, 404}, {200, 299}}, {}};
    EXPECT_TRUE(expect.accepts(204));
    EXPECT_TRUE(expect.accepts(404));
    EXPECT_FALSE(expect.accepts(301));
    EXPECT_FALSE(expect.accepts(405));
}

struct Moments {
    double mean_s = 0;
    double deviation_s = 0;
    Nanoseconds low = Nanoseconds::max();
    Nanoseconds high{};
};

Moments moments(const Think& think) {
    constexpr int kDraws = 100'000;
    Random random(5, 6, 7);
    Moments result;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
        const Nanoseconds drawn = think.draw(random);
        result.mean_s += to_seconds(drawn) / kDraws;
        squares += to_seconds(drawn) * to_seconds(drawn) / kDraws;
        result.low = std::min(result.low, drawn);
        result.high = std::max(result.high, drawn);
    }
    result.deviation_s = std::sqrt(squares - result.mean_s * result.mean_s);
    return result;
}

// 100,000 draws: the mean's standard error is the deviation over 316; five of those are allowed.
TEST(Think, DrawsItsDistribution) {
    EXPECT_EQ(moments(Think{}).high, 0ns);
    const Moments constant = moments({Think::Kind::Constant, 250ms, {}});
    EXPECT_EQ(constant.low, 250ms);
    EXPECT_EQ(constant.high, 250ms);
    const Moments uniform = moments({Think::Kind::Uniform, 500ms, 2s});
    EXPECT_GE(uniform.low, 500ms);
    EXPECT_LE(uniform.high, 2s);
    EXPECT_NEAR(uniform.mean_s, 1.25, 0.007);
    EXPECT_NEAR(uniform.deviation_s, 1.5 / std::sqrt(12), 0.005);
    const Moments normal = moments({Think::Kind::Normal, 10s, 1s});
    EXPECT_NEAR(normal.mean_s, 10, 0.016);
    EXPECT_NEAR(normal.deviation_s, 1, 0.012);
    const Moments exponential = moments({Think::Kind::Exponential, 2s, {}});
    EXPECT_NEAR(exponential.mean_s, 2, 0.032);
    EXPECT_NEAR(exponential.deviation_s, 2, 0.05);
}

TEST(Think, NeverDrawsANegativeTime) {
    const Moments wide = moments({Think::Kind::Normal, 100ms, 1s});
    EXPECT_EQ(wide.low, 0ns);
    EXPECT_GT(wide.high, 3s);
}

std::vector<UserClass> classes(const std::vector<std::uint32_t>& weights) {
    std::vector<UserClass> users(weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
        users[i].weight = weights[i];
    }
    return users;
}

TEST(ClassPicker, KeepsEveryPrefixWithinOneOfTheShares) {
    const std::vector<std::vector<std::uint32_t>> cases{
        {1},
        {7},
        {1, 1},
        {50, 10},
        {5, 1, 1},
        {3, 1, 5, 31, 31, 1, 5, 5},  // the last: plain smooth weighted
        {10, 10, 1, 10, 1},
        {3, 2, 5, 39, 5, 1, 38, 1, 5, 1, 5, 40},  // round robin strays
        {1, 1000},
        {997, 991, 3},
        {2, 7, 10, 1, 3, 1, 1, 1}};
    for (const auto& weights : cases) {
        const ClassPicker picker(classes(weights));
        double sum = 0;
        for (const auto weight : weights) {
            sum += weight;
        }
        std::vector<double> picked(weights.size(), 0);
        for (std::uint64_t n = 0; n < 2 * static_cast<std::uint64_t>(sum); ++n) {
            ++picked.at(picker.pick(n));
            for (std::size_t i = 0; i < weights.size(); ++i) {
                const double share = weights[i] / sum * static_cast<double>(n + 1);
                ASSERT_LT(std::abs(picked[i] - share), 1.0) << "class " << i << " after " << n + 1;
            }
        }
        for (std::size_t i = 0; i < weights.size(); ++i) {
            EXPECT_EQ(picked[i], 2.0 * weights[i]);
        }
    }
}

TEST(ClassPicker, SpreadsARareClassInsteadOfLettingItComeLast) {
    const ClassPicker picker(classes({50, 10}));  // in lowest terms 5 and 1
    std::set<std::uint64_t> gaps;
    std::uint64_t last = 0;
    for (std::uint64_t n = 0; n < 60; ++n) {
        if (picker.pick(n) == 1) {
            gaps.insert(n - last);
            last = n;
        }
    }
    gaps.erase(gaps.begin());  // the way to the first
    EXPECT_EQ(gaps, std::set<std::uint64_t>{6});
}

TEST(ClassPicker, PicksAmongTheSubsetByItsWeightsAlone) {
    const ClassPicker picker(classes({7, 3, 5, 1}), {1, 3});
    std::array<int, 4> picked{};
    for (std::uint64_t index = 0; index < 40; ++index) {
        ++picked.at(picker.pick(index));
    }
    EXPECT_EQ(picked, (std::array{0, 30, 0, 10}));
    const ClassPicker one(classes({7, 3}), {1});
    EXPECT_EQ(one.pick(0), 1U);
    EXPECT_EQ(one.pick(5), 1U);
}

TEST(ClassPicker, ScalesWeightsDownWhereTheCycleWouldBeTooLong) {
    const ClassPicker picker(classes({4'000'000'000U, 1'999'999'999U, 1}));
    std::array<double, 3> picked{};
    constexpr std::uint64_t kPicks = 1'000'000;
    for (std::uint64_t n = 0; n < kPicks; ++n) {
        ++picked.at(picker.pick(n));
    }
    EXPECT_NEAR(picked[0], 666'667, 3);
    EXPECT_NEAR(picked[1], 333'333, 3);
    EXPECT_GE(picked[2], 1);  // no class is lost
    EXPECT_EQ(picker.pick(UINT64_MAX - 7), picker.pick(UINT64_MAX - 7));
}

TEST(Describe, PutsStagesWhereTheExecutorStarts) {
    Scenario scenario;
    Executor executor;
    executor.ramp = Ramp(0, {{10s, 50}, {20s, 50}});
    scenario.load.push_back(executor);
    executor.start_time = 15s;
    executor.ramp = Ramp::constant(5, 10s);
    scenario.load.push_back(executor);
    EXPECT_EQ(scenario.duration(), 30s);
    scenario.load[1].start_time = 25s;
    EXPECT_EQ(scenario.duration(), 35s);
    const RunInfo info = describe(scenario);
    EXPECT_EQ(info.planned_duration, 35s);
    EXPECT_EQ(info.executors.at(0).stages.at(1).from, 10s);
    ASSERT_EQ(info.executors.at(1).stages.size(), 1U);
    EXPECT_EQ(info.executors[1].stages[0].from, 25s);
    EXPECT_EQ(info.executors[1].stages[0].to, 35s);
}

TEST(StagesText, SaysEachStage) {
    Executor executor;
    executor.kind = ExecutorKind::RampingArrivalRate;
    executor.ramp = Ramp(0, {{60s, 2.5}, {90s, 2.5}, {0s, 10}, {1s, 0}});
    EXPECT_EQ(stages_text(executor),
              "from 0/s, 1m to 2.5/s, 1m30s at 2.5/s, at once to 10/s, 1s to 0/s");
    executor.kind = ExecutorKind::RampingVus;
    executor.ramp = Ramp(5, {{60s, 20}});
    EXPECT_EQ(stages_text(executor), "from 5 users, 1m to 20 users");
}

TEST(ExecutorKinds, HaveK6sNames) {
    EXPECT_EQ(to_string(ExecutorKind::ConstantVus), "constant-vus");
    EXPECT_EQ(to_string(ExecutorKind::RampingVus), "ramping-vus");
    EXPECT_EQ(to_string(ExecutorKind::ConstantArrivalRate), "constant-arrival-rate");
    EXPECT_EQ(to_string(ExecutorKind::RampingArrivalRate), "ramping-arrival-rate");
    EXPECT_EQ(to_string(ExecutorKind::PerVuIterations), "per-vu-iterations");
    EXPECT_EQ(to_string(ExecutorKind::SharedIterations), "shared-iterations");
    EXPECT_FALSE(is_open(ExecutorKind::RampingVus));
    EXPECT_TRUE(is_open(ExecutorKind::RampingArrivalRate));
}

}  // namespace
}  // namespace plimsoll
