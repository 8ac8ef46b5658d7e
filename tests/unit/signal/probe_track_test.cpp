#include "signal/probe_track.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

const Clock::time_point kStart{100s};

Reading reading_at(Clock::time_point at) {
    Reading reading;
    reading.at = at;
    reading.took = 2ms;
    return reading;
}

TEST(ProbeTrack, IsDueByIndexHoweverLateReadsWere) {
    ProbeTrack track("db", 200ms, kStart);
    EXPECT_EQ(track.next_due(), kStart);
    track.take(kStart + 150ms, "");
    EXPECT_EQ(track.next_due(), kStart + 200ms);
    track.take(kStart + 399ms, "");
    EXPECT_EQ(track.next_due(), kStart + 400ms);
}

TEST(ProbeTrack, CountsMissedSlotsAsMissingAndDoesNotBunch) {
    ProbeTrack track("db", 100ms, kStart);
    track.take(kStart, "");
    EXPECT_FALSE(track.succeed(reading_at(kStart + 1ms)));
    track.take(kStart + 450ms, "slow");  // slots 1, 2 and 3 are lost, slot 4 is taken
    EXPECT_EQ(track.next_due(), kStart + 500ms);
    const std::optional<Gap> gap = track.succeed(reading_at(kStart + 451ms));
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->probe, "db");
    EXPECT_EQ(gap->from, kStart + 1ms);
    EXPECT_EQ(gap->to, kStart + 451ms);
    EXPECT_FALSE(gap->open);
    EXPECT_EQ(gap->reason, "the probe thread was busy with slow");
    EXPECT_EQ(track.health().expected, 5U);
    EXPECT_EQ(track.health().readings, 2U);
    EXPECT_EQ(track.health().gaps, 1U);
}

TEST(ProbeTrack, MakesOneGapOfManyErrorsWithTheFirstReasonAndExactBounds) {
    ProbeTrack track("db", 100ms, kStart);
    track.take(kStart, "");
    EXPECT_FALSE(track.succeed(reading_at(kStart + 5ms)));
    track.take(kStart + 100ms, "");
    const std::optional<Gap> opened =
        track.fail(kStart + 103ms, 3ms, false, true, "connection lost");
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->open);
    EXPECT_EQ(opened->from, kStart + 5ms);
    EXPECT_EQ(opened->to, kStart + 103ms);
    EXPECT_FALSE(track.health().up);
    track.take(kStart + 200ms, "");
    EXPECT_FALSE(track.fail(kStart + 201ms, 1ms, false, true, "refused"));
    track.take(kStart + 300ms, "");
    const std::optional<Gap> closed = track.succeed(reading_at(kStart + 302ms));
    ASSERT_TRUE(closed);
    EXPECT_FALSE(closed->open);
    EXPECT_EQ(closed->from, kStart + 5ms);
    EXPECT_EQ(closed->to, kStart + 302ms);
    EXPECT_EQ(closed->reason, "connection lost");
    EXPECT_TRUE(track.health().up);
    EXPECT_EQ(track.health().gaps, 1U);
    EXPECT_EQ(track.health().readings, 2U);
    EXPECT_EQ(track.health().expected, 4U);
}

TEST(ProbeTrack, CountsFromTheFirstSlotWhenNoReadingEverCame) {
    ProbeTrack track("db", 100ms, kStart);
    track.take(kStart, "");
    ASSERT_TRUE(track.fail(kStart + 1ms, 1ms, false, true, "no such role"));
    const std::optional<Gap> gap = track.finish(kStart + 1s);
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->from, kStart);
    EXPECT_EQ(gap->to, kStart + 1s);
    EXPECT_FALSE(gap->open);
    EXPECT_EQ(track.health().readings, 0U);
    EXPECT_EQ(track.health().expected, 10U);  // 1 s / 100 ms
    EXPECT_EQ(track.health().gaps, 1U);
}

TEST(ProbeTrack, EndsWithoutAGapWhenAllSlotsWereRead) {
    ProbeTrack track("db", 100ms, kStart);
    for (int slot = 0; slot < 10; ++slot) {
        track.take(kStart + slot * 100ms, "");
        EXPECT_FALSE(track.succeed(reading_at(kStart + slot * 100ms + 1ms)));
    }
    EXPECT_FALSE(track.finish(kStart + 999ms));
    EXPECT_EQ(track.health().expected, 10U);
    EXPECT_EQ(track.health().readings, 10U);
}

TEST(ProbeTrack, RestsOnlyAfterTimeoutsInARow) {
    EXPECT_EQ(ProbeTrack::rest_after(0, 100ms), 0ms);
    EXPECT_EQ(ProbeTrack::rest_after(1, 100ms), 0ms);
    EXPECT_EQ(ProbeTrack::rest_after(2, 100ms), 100ms);
    EXPECT_EQ(ProbeTrack::rest_after(3, 100ms), 300ms);
    EXPECT_EQ(ProbeTrack::rest_after(4, 100ms), 700ms);
    EXPECT_EQ(ProbeTrack::rest_after(5, 100ms), 900ms);
    EXPECT_EQ(ProbeTrack::rest_after(50, 100ms), 900ms);
    EXPECT_EQ(ProbeTrack::rest_after(50, 500ms), 2s);

    ProbeTrack track("db", 100ms, kStart);
    for (int slot = 0; slot < 2; ++slot) {
        track.take(kStart + slot * 100ms, "");
        track.fail(kStart + slot * 100ms + 100ms, 100ms, true, true, "timed out");
    }
    EXPECT_EQ(track.next_due(), kStart + 300ms);  // 200 ms + a rest of 1 × 100 ms
    track.take(kStart + 300ms, "");
    track.fail(kStart + 301ms, 1ms, false, true, "refused");  // quick errors need no rest
    EXPECT_EQ(track.next_due(), kStart + 400ms);
}

}  // namespace
}  // namespace plimsoll
