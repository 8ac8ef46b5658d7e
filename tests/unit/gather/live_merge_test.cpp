#include "gather/live_merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Clock::time_point kStart{1h};

RunInfo whole(std::uint32_t shards) {
    RunInfo info;
    info.start = {kStart, WallClock::time_point(1'000'000s)};
    info.shards = shards;
    info.endpoints = {{"u", "/a", "GET"}};
    info.executors = {{"e", ExecutorKind::ConstantArrivalRate, true, 10, {{0s, 60s, 10}}, 10}};
    return info;
}

/// One request of `ms` that ended in the tick.
StoredTick tick(std::uint64_t number, int ms) {
    StoredTick tick;
    tick.tick = number;
    tick.from = static_cast<std::int64_t>(number) * 1s;
    tick.to = tick.from + 1s;
    tick.endpoints.resize(1);
    tick.endpoints[0].requests = 1;
    tick.endpoints[0].response.record(std::chrono::milliseconds(ms));
    tick.counts.arrivals_due = 1;
    tick.shards = {ShardState()};
    tick.executors = {{0, 5}};
    return tick;
}

class Live : public ::testing::Test {
protected:
    explicit Live(std::vector<std::uint32_t> shards = {1, 1})
        : info_(whole(2)), merge_(info_, shards, 5s) {}
    /// When tick `number` has just ended.
    static Clock::time_point after(std::uint64_t number) {
        return kStart + static_cast<std::int64_t>(number + 1) * 1s + 100ms;
    }
    RunInfo info_;
    LiveMerge merge_;
};

TEST_F(Live, ATickIsThereAsSoonAsEverybodyHasSentIt) {
    merge_.add(0, tick(0, 10));
    EXPECT_FALSE(merge_.next(after(0)));
    merge_.add(1, tick(0, 30));
    const auto merged = merge_.next(after(0));
    ASSERT_TRUE(merged);
    EXPECT_THAT(merged->missing, IsEmpty());
    EXPECT_EQ(merged->snapshot->tick, 0U);
    EXPECT_EQ(merged->snapshot->from, kStart);
    EXPECT_EQ(merged->snapshot->to, kStart + 1s);
    EXPECT_EQ(merged->snapshot->delta[0].requests, 2U);
    EXPECT_EQ(merged->snapshot->delta[0].response.min(), 10ms);
    EXPECT_EQ(merged->snapshot->delta[0].response.max(), 30ms);
    EXPECT_EQ(merged->snapshot->executors[0].offered, 10);
    EXPECT_FALSE(merged->snapshot->last);
    EXPECT_FALSE(merge_.next(after(0)));
    EXPECT_FALSE(merge_.first_incomplete());
}

TEST_F(Live, TotalsAreOfAllTicksSoFar) {
    for (std::uint64_t number = 0; number < 3; ++number) {
        merge_.add(0, tick(number, 10));
        merge_.add(1, tick(number, 30));
        const auto merged = merge_.next(after(number));
        ASSERT_TRUE(merged);
        EXPECT_EQ(merged->snapshot->total[0].requests, 2 * (number + 1));
        EXPECT_EQ(merged->snapshot->total_counts.arrivals_due, 2 * (number + 1));
    }
}

TEST_F(Live, WaitsABoundedTimeForALateOneAndNamesIt) {
    merge_.add(0, tick(0, 10));
    EXPECT_FALSE(merge_.next(kStart + 1s + 4999ms));
    EXPECT_EQ(merge_.wake_at(), kStart + 1s + 5s);
    const auto merged = merge_.next(kStart + 1s + 5s);
    ASSERT_TRUE(merged);
    EXPECT_THAT(merged->missing, ElementsAre(1));
    EXPECT_EQ(merged->snapshot->delta[0].requests, 1U);
    EXPECT_FALSE(merge_.first_incomplete()) << "it has not come since";
    merge_.add(1, tick(0, 30));
    EXPECT_EQ(merge_.first_incomplete(), 0U);
    EXPECT_FALSE(merge_.next(kStart + 10s)) << "what comes after all is for the end";
}

TEST_F(Live, ALostOneIsNotWaitedForUntilItIsFound) {
    merge_.lose(1);
    merge_.add(0, tick(0, 10));
    const auto alone = merge_.next(after(0));
    ASSERT_TRUE(alone);
    EXPECT_THAT(alone->missing, ElementsAre(1));
    merge_.find(1);
    merge_.add(0, tick(1, 10));
    EXPECT_FALSE(merge_.next(after(1)));
    merge_.add(1, tick(1, 30));
    EXPECT_THAT(merge_.next(after(1))->missing, IsEmpty());
}

TEST_F(Live, EndsWithTheLastTickOfWhoeverGoesOnLongest) {
    merge_.add(0, tick(0, 10));
    merge_.add(1, tick(0, 30));
    merge_.over(0, 0);
    merge_.add(1, tick(1, 30));
    merge_.over(1, 1);
    const auto first = merge_.next(after(0));
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->snapshot->last);
    EXPECT_FALSE(merge_.finished());
    const auto last = merge_.next(after(1));
    ASSERT_TRUE(last);
    EXPECT_THAT(last->missing, IsEmpty()) << "who is over is not missing";
    EXPECT_TRUE(last->snapshot->last);
    EXPECT_TRUE(merge_.finished());
}

TEST_F(Live, IsFinishedWhereAllThatRemainAreLost) {
    merge_.add(0, tick(0, 10));
    merge_.add(1, tick(0, 30));
    ASSERT_TRUE(merge_.next(after(0)));
    merge_.over(0, 0);
    EXPECT_FALSE(merge_.finished());
    merge_.lose(1);
    EXPECT_TRUE(merge_.finished());
}

TEST_F(Live, AfterAGapNobodyIsLateAtOnce) {
    merge_.wait_at_least_until(kStart + 60s);
    merge_.add(0, tick(0, 10));
    EXPECT_FALSE(merge_.next(kStart + 64s));
    ASSERT_TRUE(merge_.next(kStart + 65s));
}

TEST_F(Live, GoesOnBehindWhatWasMergedBefore) {
    const auto before = std::make_shared<Snapshot>();
    before->total.resize(1);
    before->total[0].requests = 40;
    before->total_counts.arrivals_due = 40;
    merge_.go_on_after(19, before);
    merge_.add(0, tick(19, 10));  // sent again, as its answer was lost
    EXPECT_EQ(merge_.first_incomplete(), 19U);
    merge_.add(0, tick(20, 10));
    merge_.add(1, tick(20, 30));
    const auto merged = merge_.next(after(20));
    ASSERT_TRUE(merged);
    EXPECT_EQ(merged->snapshot->tick, 20U);
    EXPECT_EQ(merged->snapshot->total[0].requests, 42U);
}

class OneAbsent : public Live {
protected:
    OneAbsent() : Live({1, 0}) {}
};

TEST_F(OneAbsent, WhoTakesNoPartIsNotWaitedFor) {
    merge_.add(0, tick(0, 10));
    merge_.over(0, 0);
    const auto merged = merge_.next(after(0));
    ASSERT_TRUE(merged);
    EXPECT_TRUE(merged->snapshot->last);
    EXPECT_TRUE(merge_.finished());
}

}  // namespace
}  // namespace plimsoll
