#include "gather/segment_roll.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = SegmentRoll::State;

const Clock::time_point kNow{1h};

RollCall call() {
    return {3, "1.0", "cafe", 7, "load"};
}
Hello hello(std::uint32_t number, const std::string& run = "run") {
    Hello hello;
    hello.version = "1.0";
    hello.segment = {number, 3};
    hello.run_id = run + std::to_string(number);
    hello.scenario_sha256 = "cafe";
    hello.seed = 7;
    hello.load = "load";
    hello.shards = number;
    hello.host = "node";
    return hello;
}
std::string refusal(SegmentRoll& roll, const Hello& asked, Clock::time_point now = kNow) {
    const Status status = roll.hello(asked, now);
    return status ? "" : status.error().to_string();
}

TEST(SegmentRoll, IsCompleteOnceAllAreReady) {
    SegmentRoll roll(call());
    EXPECT_THAT(roll.not_ready(kNow), ElementsAre(1, 2, 3));
    ASSERT_TRUE(roll.hello(hello(3), kNow));
    ASSERT_TRUE(roll.hello(hello(1), kNow));
    EXPECT_THAT(roll.not_ready(kNow), ElementsAre(2));
    ASSERT_TRUE(roll.hello(hello(2), kNow));
    EXPECT_THAT(roll.not_ready(kNow), IsEmpty());
    EXPECT_EQ(roll.shards(), 6U);
}

TEST(SegmentRoll, OneThatFallsSilentIsNotReadyAnyMore) {
    SegmentRoll roll(call());
    for (const std::uint32_t number : {1U, 2U, 3U}) {
        ASSERT_TRUE(roll.hello(hello(number), kNow));
    }
    ASSERT_TRUE(roll.hello(hello(1), kNow + 4s));
    EXPECT_THAT(roll.not_ready(kNow + 6s), ElementsAre(2, 3));
}

TEST(SegmentRoll, RefusesWhatIsOfAnotherRunAndSaysWhy) {
    SegmentRoll roll(call());
    Hello other = hello(1);
    other.protocol = 9;
    EXPECT_THAT(refusal(roll, other), HasSubstr("version 9 of the protocol"));
    other = hello(1);
    other.version = "2.0";
    EXPECT_THAT(refusal(roll, other), HasSubstr("is Plimsoll 2.0; this gather is 1.0"));
    other = hello(1);
    other.segment.count = 4;
    EXPECT_THAT(refusal(roll, other), HasSubstr("segment 1/4: is not one of 3"));
    other = hello(1);
    other.scenario_sha256 = "beef";
    EXPECT_THAT(refusal(roll, other), HasSubstr("of another scenario (beef instead of cafe)"));
    other = hello(1);
    other.seed = 8;
    EXPECT_THAT(refusal(roll, other), HasSubstr("has seed 8 instead of 7"));
    other = hello(1);
    other.load = "more";
    EXPECT_THAT(refusal(roll, other), HasSubstr("another load"));
    EXPECT_THAT(roll.not_ready(kNow), ElementsAre(1, 2, 3));
}

TEST(SegmentRoll, RefusesTheSameSegmentTwiceButNotOneThatBeganAnewBeforeTheStart) {
    SegmentRoll roll(call());
    ASSERT_TRUE(roll.hello(hello(2), kNow));
    EXPECT_THAT(refusal(roll, hello(2, "second")), HasSubstr("is there already, as run run2"));
    ASSERT_TRUE(roll.hello(hello(2), kNow + 1s)) << "the first one asks again";
    // The first one's machine was lost; another took its place.
    ASSERT_TRUE(roll.hello(hello(2, "second"), kNow + 7s));
    EXPECT_THAT(refusal(roll, hello(2), kNow + 8s), HasSubstr("as run second2"));
}

TEST(SegmentRoll, AfterTheStartNobodyElseMayCome) {
    SegmentRoll roll(call());
    ASSERT_TRUE(roll.hello(hello(1), kNow));
    ASSERT_TRUE(roll.hello(hello(2), kNow));
    roll.begin(kNow);
    EXPECT_THAT(refusal(roll, hello(3)), HasSubstr("the run has begun without it"));
    EXPECT_THAT(refusal(roll, hello(1, "again")), HasSubstr("cannot be begun again"));
    EXPECT_TRUE(roll.hello(hello(1), kNow)) << "the same process asks when it begins";
    EXPECT_TRUE(roll.rows(1, "run1", kNow));
    EXPECT_FALSE(roll.rows(1, "again1", kNow));
    EXPECT_FALSE(roll.rows(3, "run3", kNow));
    EXPECT_FALSE(roll.rows(4, "run4", kNow));
    EXPECT_FALSE(roll.rows(0, "run0", kNow));
}

TEST(SegmentRoll, LosesWhoIsSilentAndFindsItAgain) {
    SegmentRoll roll(call());
    for (const std::uint32_t number : {1U, 2U, 3U}) {
        ASSERT_TRUE(roll.hello(hello(number), kNow));
    }
    roll.begin(kNow + 2s);
    EXPECT_THAT(roll.lose(kNow + 17s, 15s), IsEmpty()) << "silence counts from the start";
    ASSERT_TRUE(roll.rows(1, "run1", kNow + 10s));
    roll.end(3);
    EXPECT_THAT(roll.lose(kNow + 18s, 15s), ElementsAre(2));
    EXPECT_THAT(roll.lose(kNow + 18s, 15s), IsEmpty()) << "once";
    EXPECT_FALSE(roll.all_over());
    ASSERT_TRUE(roll.rows(2, "run2", kNow + 20s));
    EXPECT_THAT(roll.found(), ElementsAre(2));
    EXPECT_THAT(roll.found(), IsEmpty());
    EXPECT_THAT(roll.lose(kNow + 40s, 15s), ElementsAre(1, 2));
    EXPECT_TRUE(roll.all_over());
}

TEST(SegmentRoll, ARestartedOneTakesTheRunsItKnows) {
    SegmentRoll roll(call());
    roll.restore(1, "run1", 2, false, kNow);
    roll.restore(2, "run2", 2, true, kNow);
    EXPECT_EQ(roll.entry(1).state, State::Running);
    EXPECT_EQ(roll.entry(2).state, State::Ended);
    EXPECT_TRUE(roll.rows(1, "run1", kNow));
    EXPECT_THAT(roll.rows(1, "other", kNow).error().to_string(), HasSubstr("as run run1"));
    EXPECT_THAT(refusal(roll, hello(3)), HasSubstr("too late"));
}

}  // namespace
}  // namespace plimsoll
