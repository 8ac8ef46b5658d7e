#include "engine/aggregator.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

RunInfo two_shards() {
    RunInfo run;
    run.shards = 2;
    run.start.mono = Clock::time_point(100s);
    run.endpoints = {{"u", "a", "GET"}, {"u", "b", "GET"}};
    run.executors = {
        {"ramp", ExecutorKind::RampingArrivalRate, true, 10, {{0s, 2s, 30}, {2s, 4s, 30}}, 5}};
    return run;
}

Interval interval_of(std::uint32_t shard, std::uint64_t tick, int requests) {
    Interval interval;
    interval.shard = shard;
    interval.tick = tick;
    interval.to = Clock::time_point(100s) + std::chrono::seconds(tick + 1);
    interval.endpoints.resize(2);
    Sample sample;
    sample.completed = sample.due + std::chrono::milliseconds(shard + 1);
    sample.sent = sample.due;
    for (int i = 0; i < requests; ++i) {
        interval.endpoints[0].record(sample);
    }
    interval.counts.iterations_started = static_cast<std::uint64_t>(requests);
    interval.state.in_flight = 1 + shard;
    interval.state.cpu_ratio = 0.1 * (shard + 1);
    return interval;
}

TEST(Aggregator, WaitsForEveryShard) {
    const RunInfo run = two_shards();
    Aggregator aggregator(run);
    aggregator.add(interval_of(0, 0, 3));
    aggregator.add(interval_of(0, 1, 4));
    EXPECT_EQ(aggregator.next(), nullptr);
    aggregator.add(interval_of(1, 0, 5));
    const SnapshotPtr first = aggregator.next();
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->tick, 0U);
    EXPECT_EQ(first->delta[0].requests, 8U);
    EXPECT_EQ(first->delta_counts.iterations_started, 8U);
    EXPECT_EQ(first->state.in_flight, 3U);
    EXPECT_DOUBLE_EQ(first->state.cpu_ratio, 0.2);
    EXPECT_EQ(first->delta[0].response.max(), 2ms);
    EXPECT_EQ(aggregator.next(), nullptr);
}

TEST(Aggregator, AddsUpTotals) {
    const RunInfo run = two_shards();
    Aggregator aggregator(run);
    for (std::uint64_t tick = 0; tick < 3; ++tick) {
        aggregator.add(interval_of(0, tick, 1));
        aggregator.add(interval_of(1, tick, 2));
    }
    SnapshotPtr latest;
    while (const SnapshotPtr next = aggregator.next()) {
        latest = next;
    }
    EXPECT_EQ(latest->tick, 2U);
    EXPECT_EQ(latest->total[0].requests, 9U);
    EXPECT_EQ(latest->delta[0].requests, 3U);
    EXPECT_EQ(latest->merged_total().requests, 9U);
    EXPECT_EQ(latest->total[0].response.count(), 9U);
}

TEST(Aggregator, UsesMemoryAgainWithoutTouchingASnapshotThatIsHeld) {
    const RunInfo run = two_shards();
    Aggregator aggregator(run);
    SnapshotPtr held;
    for (std::uint64_t tick = 0; tick < 20; ++tick) {
        for (std::uint32_t shard = 0; shard < 2; ++shard) {
            Interval interval = interval_of(shard, tick, static_cast<int>(tick) + 1);
            Sample other;
            other.endpoint = 1;
            other.completed = other.due + (tick + 1) * 100ms;  // another octave now and then
            interval.endpoints[1].record(other);
            aggregator.add(std::move(interval));
        }
        const SnapshotPtr now = aggregator.next();
        ASSERT_NE(now, nullptr);
        const std::uint64_t sum = (tick + 1) * (tick + 2);  // 2 · (1 + 2 + ... + tick + 1)
        EXPECT_EQ(now->total[0].response.count(), sum);
        EXPECT_EQ(now->delta[0].response.count(), 2 * (tick + 1));
        EXPECT_EQ(now->delta[1].response.count(), 2U);
        EXPECT_EQ(now->delta[1].response.min(), (tick + 1) * 100ms);
        EXPECT_EQ(now->total[1].response.max(), (tick + 1) * 100ms);
        EXPECT_EQ(now->total[1].response.count_at_most(1h), 2 * (tick + 1));
        held = tick == 4 ? now : held;
    }
    EXPECT_EQ(held->tick, 4U);
    EXPECT_EQ(held->total[0].response.count(), 30U);
    EXPECT_EQ(held->delta[1].response.min(), 500ms);
    EXPECT_EQ(held->total[1].response.max(), 500ms);
}

TEST(Aggregator, GoesOnWithoutAShardThatIsDone) {
    const RunInfo run = two_shards();
    Aggregator aggregator(run);
    Interval last = interval_of(0, 0, 1);
    last.last = true;
    aggregator.add(std::move(last));
    aggregator.add(interval_of(1, 0, 1));
    const SnapshotPtr first = aggregator.next();
    ASSERT_NE(first, nullptr);
    EXPECT_FALSE(first->last);
    Interval end = interval_of(1, 1, 1);
    end.last = true;
    aggregator.add(std::move(end));
    const SnapshotPtr second = aggregator.next();
    ASSERT_NE(second, nullptr);
    EXPECT_TRUE(second->last);
    EXPECT_TRUE(aggregator.finished());
}

TEST(Aggregator, SaysWhatTheScheduleAsksInTheMiddleOfTheTick) {
    const RunInfo run = two_shards();
    Aggregator aggregator(run);
    aggregator.add(interval_of(0, 0, 0));
    aggregator.add(interval_of(1, 0, 0));
    const SnapshotPtr first = aggregator.next();
    ASSERT_NE(first, nullptr);
    EXPECT_DOUBLE_EQ(first->executors[0].offered, 15);  // 10 → 30 over 2 s, at 0.5 s
    EXPECT_EQ(first->executors[0].stage, 0U);
    EXPECT_DOUBLE_EQ(state_at(run.executors[0], 3s).offered, 30);
    EXPECT_EQ(state_at(run.executors[0], 4s).stage, 2U);
    EXPECT_DOUBLE_EQ(state_at(run.executors[0], 4s).offered, 0);
}

}  // namespace
}  // namespace plimsoll
