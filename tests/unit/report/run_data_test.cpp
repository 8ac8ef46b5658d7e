#include "report/run_data.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

using namespace std::chrono_literals;

RunInfo one_endpoint() {
    RunInfo info;
    info.start.wall = WallClock::time_point(1000700ms);  // 1,000.7 s after the epoch
    info.endpoints = {{"user", "/", "GET"}};
    info.executors.resize(2);
    info.executors[1].open = false;
    return info;
}

/// `requests` answers of 10 ms in [from, to), the last one a 500 where `fails`.
StoredTick tick(Nanoseconds from, Nanoseconds to, int requests, bool fails = false) {
    StoredTick one;
    one.from = from;
    one.to = to;
    one.endpoints.resize(1);
    for (int i = 0; i < requests; ++i) {
        Sample sample;
        sample.completed = sample.due + 10ms;
        sample.bytes_received = 100;
        sample.outcome = fails && i == requests - 1 ? Outcome::Http5xx : Outcome::Ok;
        one.endpoints[0].record(sample);
    }
    return one;
}

RunData collected(const RunInfo& info, const std::vector<StoredTick>& ticks) {
    RunData data;
    TickCollector collector(info, data);
    for (const auto& one : ticks) {
        collector.add(one);
    }
    collector.finish();
    return data;
}

TEST(TickCollector, GivesRatesPerSecondWhateverTheTick) {
    const auto info = one_endpoint();
    auto half = tick(0ms, 500ms, 20, true);
    half.counts.arrivals_due = 25;
    half.counts.iterations_completed = 10;
    half.executors = {{0, 60}, {0, 7}};
    half.shards.resize(2);
    half.shards[0].cpu_ratio = 0.5;
    half.shards[1].cpu_ratio = 0.25;
    const auto data = collected(info, {half});
    ASSERT_EQ(data.ticks.size(), 1U);
    const auto& row = data.ticks[0];
    EXPECT_EQ(row.request_rate, 40);
    EXPECT_EQ(row.offered_rate, 50);
    EXPECT_EQ(row.iteration_rate, 20);
    EXPECT_EQ(row.outcome_rate[static_cast<std::size_t>(Outcome::Ok)], 38);
    EXPECT_EQ(row.outcome_rate[static_cast<std::size_t>(Outcome::Http5xx)], 2);
    EXPECT_EQ(row.asked, 60);
    EXPECT_EQ(row.asked_users, 7);
    EXPECT_EQ(row.generator_cpu, 0.75);
    EXPECT_EQ(row.hottest_shard, 0.5);
    EXPECT_NEAR(row.p50, 0.010, 0.00004);
}

TEST(TickCollector, HasNoPercentileWhereNothingCompleted) {
    const auto data = collected(one_endpoint(), {tick(0s, 1s, 0)});
    EXPECT_TRUE(std::isnan(data.ticks[0].p50));
    EXPECT_EQ(data.ticks[0].request_rate, 0);
}

TEST(TickCollector, JoinsTicksToOneRowASecond) {
    const auto info = one_endpoint();
    std::vector<StoredTick> ticks;
    ticks.reserve(11);
    for (int i = 0; i < 11; ++i) {  // 2.2 s in ticks of 200 ms
        ticks.push_back(tick(i * 200ms, (i + 1) * 200ms, i < 5 ? 3 : i < 10 ? 0 : 4, i == 10));
    }
    ticks[4].state.users = 9;
    const auto data = collected(info, ticks);
    ASSERT_EQ(data.seconds.size(), 3U);
    EXPECT_EQ(data.seconds[0].requests, 15U);
    EXPECT_EQ(data.seconds[0].users, 9U);
    EXPECT_EQ(data.seconds[0].quantiles_ms.size(), 11U);
    EXPECT_EQ(data.seconds[1].requests, 0U);
    EXPECT_THAT(data.seconds[1].quantiles_ms, testing::IsEmpty());
    EXPECT_EQ(data.seconds[1].requests_all, 15U);
    EXPECT_EQ(data.seconds[2].requests, 4U);
    EXPECT_EQ(data.seconds[2].failed, 1U);
    EXPECT_NEAR(data.seconds[2].span_s, 0.2, 1e-9);
    EXPECT_EQ(data.seconds[2].requests_all, 19U);
    EXPECT_EQ(data.seconds[2].failed_all, 1U);
    EXPECT_EQ(data.seconds[2].bytes_received_mean_all, 100);
    EXPECT_EQ(data.seconds[2].mean_all_ms, 10);
    // Started at 1,000.7: the first second ended in 1,001, and no time stamp comes twice.
    EXPECT_EQ(data.seconds[0].unix_s, 1001);
    EXPECT_EQ(data.seconds[1].unix_s, 1002);
    EXPECT_EQ(data.seconds[2].unix_s, 1003);
}

TEST(TickCollector, KnowsWhenAnOutcomeWasSeen) {
    const auto data =
        collected(one_endpoint(), {tick(0s, 1s, 1), tick(1s, 2s, 2, true), tick(2s, 3s, 1),
                                   tick(3s, 4s, 2, true), tick(4s, 5s, 1)});
    const auto seen = data.seen.at({0, Outcome::Http5xx});
    EXPECT_EQ(seen.first_s, 1);
    EXPECT_EQ(seen.last_s, 4);
    EXPECT_EQ(data.totals[0].requests, 7U);
    EXPECT_EQ(data.merged().failed, 2U);
}

}  // namespace
}  // namespace plimsoll::report
