#include "analysis/censored.hpp"

#include "analysis/gate.hpp"

#include <initializer_list>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::milliseconds;

void add(EndpointStats& stats, Outcome outcome, int times, int ms) {
    for (int i = 0; i < times; ++i) {
        Sample sample;
        sample.completed = sample.due + milliseconds(ms);
        sample.outcome = outcome;
        stats.record(sample);
    }
}

/// Requests that came `rate` a second for 8 s; from 4 s on none was answered, the others within
/// 10 ms. Each ends at its timeout, or is cut off `graceful` after the load.
EndpointStats frozen_half_way(int rate, int timeout_ms, int graceful_ms) {
    EndpointStats stats;
    const int end_ms = 8000 + graceful_ms;
    for (int i = 0; i < 8 * rate; ++i) {
        const int due_ms = i * 1000 / rate;
        if (due_ms < 4000) {
            add(stats, Outcome::Ok, 1, 10);
        } else if (due_ms + timeout_ms < end_ms) {
            add(stats, Outcome::ResponseTimeout, 1, timeout_ms);
        } else {
            add(stats, Outcome::CutOff, 1, end_ms - due_ms);
        }
    }
    return stats;
}

Threshold failed_below(double limit) {
    Threshold threshold;
    threshold.metric = ThresholdMetric::Failed;
    threshold.statistic = Statistic::Rate;
    threshold.limit = limit;
    return threshold;
}

Threshold time_below(Statistic statistic, double quantile, double limit_s) {
    Threshold threshold;
    threshold.statistic = statistic;
    threshold.quantile = quantile;
    threshold.limit = limit_s;
    return threshold;
}

Gate judged(const Threshold& threshold, const EndpointStats& stats) {
    LoadSums sums;
    sums.stats = stats;
    return judge(threshold, sums);
}

TEST(Failures, OfATargetThatFrozeHalfWayAreAllThatItDidNotAnswer) {
    // 20/s for 8 s: 160 requests, 80 of them answered. Whatever the graceful stop and the timeout
    // leave of the others, timeout or cut off, all are older than the 10 ms that answers took.
    for (const int graceful_ms : {100, 2000, 30000}) {
        for (const int timeout_ms : {500, 60000}) {
            const EndpointStats stats = frozen_half_way(20, timeout_ms, graceful_ms);
            EXPECT_EQ(stats.requests, 160U);
            EXPECT_EQ(failures_of(stats), (Failures{80, 0})) << graceful_ms << " " << timeout_ms;
            EXPECT_EQ(judged(failed_below(0.01), stats).bounds, (Bounds{0.5, 0.5}));
            EXPECT_EQ(judged(failed_below(0.01), stats).state, GateState::Failed);
            EXPECT_EQ(judged(failed_below(0.51), stats).state, GateState::Passed);
            EXPECT_EQ(count_answers(stats), 80U);
        }
    }
}

TEST(Failures, LeaveOpenWhatWasCutOffAsYoungAsAnswersAre) {
    // 200/s, graceful stop 0: the last two arrivals are 5 and 10 ms old when the run ends.
    const EndpointStats stats = frozen_half_way(200, 60000, 0);
    const Failures failures = failures_of(stats);
    EXPECT_EQ(failures.certain + failures.unknown, 800U);
    EXPECT_EQ(failures.unknown, 2U);
    const Bounds bounds = judged(failed_below(0.01), stats).bounds;
    EXPECT_DOUBLE_EQ(bounds.low, 798.0 / 1600);
    EXPECT_DOUBLE_EQ(bounds.high, 800.0 / 1600);
}

TEST(Failures, AreAllThatWereCutOffWhereNothingWasAnswered) {
    EndpointStats stats;
    add(stats, Outcome::CutOff, 5, 1);
    EXPECT_EQ(failures_of(stats), (Failures{5, 0}));
    add(stats, Outcome::ConnectRefused, 3, 2);  // no answer either
    EXPECT_EQ(failures_of(stats), (Failures{8, 0}));
}

TEST(Failures, OfAHealthyLoopThatIsCutOffAreNotKnown) {
    EndpointStats stats;
    add(stats, Outcome::Ok, 990, 20);
    add(stats, Outcome::CutOff, 10, 8);
    EXPECT_EQ(failures_of(stats), (Failures{0, 10}));
    EXPECT_EQ(judged(failed_below(0.02), stats).state, GateState::Passed);  // 1 % at most
    const Gate open = judged(failed_below(0.005), stats);
    EXPECT_EQ(open.state, GateState::NotKnown);
    EXPECT_EQ(
        open.why,
        "not known: between 0 % and 1 %, as 10 of 1000 requests were cut off before they were "
        "answered");
}

TEST(TimeBounds, AreNotBoundedAboveWhereAllWereGivenUp) {
    EndpointStats stats;
    add(stats, Outcome::ResponseTimeout, 20, 200);
    for (const auto statistic :
         {Statistic::Avg, Statistic::Min, Statistic::Med, Statistic::Max, Statistic::Quantile}) {
        const Gate below = judged(time_below(statistic, 0.95, 0.5), stats);
        EXPECT_EQ(below.state, GateState::NotKnown);
        EXPECT_NEAR(below.bounds.low, 0.2, 0.2 / 128);
        EXPECT_EQ(below.bounds.high, Bounds::kUnbounded);
        EXPECT_EQ(judged(time_below(statistic, 0.95, 0.1), stats).state, GateState::Failed);
    }
    EXPECT_EQ(judged(time_below(Statistic::Max, 0, 0.5), stats).why,
              "not known: at least 200 ms, as 20 of 20 requests were given up before they were "
              "answered (20 by their timeout, 0 cut off)");
}

TEST(TimeBounds, AreExactBelowTheRanksThatWereGivenUp) {
    EndpointStats stats;
    add(stats, Outcome::Ok, 90, 10);
    add(stats, Outcome::BodyTimeout, 10, 300);
    EXPECT_EQ(judged(time_below(Statistic::Quantile, 0.90, 0.5), stats).state, GateState::Passed);
    EXPECT_EQ(judged(time_below(Statistic::Quantile, 0.91, 0.5), stats).state, GateState::NotKnown);
    EXPECT_EQ(judged(time_below(Statistic::Quantile, 0.91, 0.2), stats).state, GateState::Failed);
    EXPECT_EQ(judged(time_below(Statistic::Min, 0, 0.05), stats).state, GateState::Passed);
    EXPECT_EQ(judged(time_below(Statistic::Avg, 0, 0.5), stats).state, GateState::NotKnown);
    // (90 × 10 ms + 10 × 300 ms) / 100
    EXPECT_DOUBLE_EQ(judged(time_below(Statistic::Avg, 0, 0.5), stats).bounds.low, 0.039);
}

TEST(TimeBounds, RankWhatWasGivenUpEarlyBehindAllThatWasAnswered) {
    // Given up after 1 ms, half of the requests say nothing of the median but that it is at least
    // what half of all took so far, and at most the slowest answer.
    EndpointStats stats;
    add(stats, Outcome::Ok, 50, 100);
    add(stats, Outcome::CutOff, 50, 1);
    const Gate median = judged(time_below(Statistic::Med, 0, 0.05), stats);
    EXPECT_EQ(median.state, GateState::NotKnown);
    EXPECT_NEAR(median.bounds.low, 0.001, 0.001 / 64);
    EXPECT_NEAR(median.bounds.high, 0.1, 0.1 / 64);
    EXPECT_EQ(judged(time_below(Statistic::Med, 0, 0.2), stats).state, GateState::Passed);
}

TEST(TimeBounds, HoldForLowerLimitsTheOtherWayRound) {
    EndpointStats stats;
    add(stats, Outcome::ResponseTimeout, 10, 200);
    Threshold slow = time_below(Statistic::Med, 0, 0.1);
    slow.comparison = Comparison::Greater;
    EXPECT_EQ(judged(slow, stats).state, GateState::Passed);
    slow.limit = 0.5;
    EXPECT_EQ(judged(slow, stats).state, GateState::NotKnown);
}

TEST(Gate, GroupsWithARequestThatWasGivenUpAreLowerBounds) {
    LoadSums sums;
    sums.groups.record(milliseconds(100));
    sums.groups.record(milliseconds(200));
    sums.censored_groups.record(milliseconds(200));
    Threshold threshold = time_below(Statistic::Max, 0, 0.5);
    threshold.metric = ThresholdMetric::GroupDuration;
    const Gate gate = judge(threshold, sums);
    EXPECT_EQ(gate.state, GateState::NotKnown);
    EXPECT_EQ(gate.why, "not known: at least 200 ms, as 1 of 2 were given up before they ended");
}

TEST(Gate, IsWorseFailedThanNotKnownThanPassed) {
    const Threshold threshold = time_below(Statistic::Max, 0, 1);
    const auto gate = [](GateState state, double low) { return Gate{state, {low, low}, {}}; };
    const Gate failed = gate(GateState::Failed, 1);
    const Gate open = gate(GateState::NotKnown, 0.1);
    const Gate passed = gate(GateState::Passed, 0.9);
    EXPECT_TRUE(is_worse(threshold, failed, open));
    EXPECT_TRUE(is_worse(threshold, open, passed));
    EXPECT_FALSE(is_worse(threshold, passed, open));
    EXPECT_TRUE(is_worse(threshold, gate(GateState::Failed, 2), failed));
}

}  // namespace
}  // namespace plimsoll
