#include "gather/clock_offset.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

const Clock::time_point kHere{1h};
const WallClock::time_point kThere{1'000'000s};  // what the other clock shows at kHere

/// A question whose way there takes `there` and back `back`.
ClockExchange exchange(Nanoseconds at, Nanoseconds there, Nanoseconds back) {
    return {kHere + at, kThere + std::chrono::duration_cast<WallClock::duration>(at + there),
            kHere + at + there + back};
}

TEST(ClockOffset, IsExactWhereBothWaysTakeAsLong) {
    ClockOffset offset;
    offset.add(exchange(0ms, 20ms, 20ms));
    EXPECT_EQ(offset.there(kHere), kThere);
    EXPECT_EQ(offset.here(kThere + 5s), kHere + 5s);
    EXPECT_EQ(offset.error(), 20ms);
}

TEST(ClockOffset, IsWrongByHalfTheRoundTripAtMost) {
    for (const auto& [there, back] : {std::pair{0ms, 80ms}, {80ms, 0ms}, {10ms, 30ms}}) {
        ClockOffset offset;
        offset.add(exchange(0ms, there, back));
        const auto wrong = std::chrono::abs(offset.here(kThere) - kHere);
        EXPECT_EQ(wrong, Nanoseconds(std::chrono::abs(there - back) / 2));
        EXPECT_LE(wrong, offset.error());
    }
}

TEST(ClockOffset, TakesTheQuickestOfSeveral) {
    ClockOffset offset;
    offset.add(exchange(0ms, 1ms, 101ms));
    offset.add(exchange(200ms, 2ms, 2ms));
    offset.add(exchange(400ms, 300ms, 1ms));
    EXPECT_EQ(offset.here(kThere), kHere);
    EXPECT_EQ(offset.error(), 2ms);
}

TEST(ClockOffset, ForgetsWhatIsLongAgo) {
    ClockOffset offset;
    offset.add(exchange(0ms, 0ms, 0ms));  // before the other clock was set 3 s ahead
    for (int i = 1; i <= 16; ++i) {
        ClockExchange later = exchange(i * 1s, 5ms, 5ms);
        later.there += 3s;
        offset.add(later);
    }
    EXPECT_EQ(offset.there(kHere), kThere + 3s);
}

TEST(ClockOffset, SaysWhatIsToBeAddedToTheOwnWallClock) {
    ClockOffset offset;
    offset.add(exchange(0ms, 1ms, 1ms));
    const WallAnchor slow{kHere + 7s, kThere + 7s - 300ms};
    const WallAnchor fast{kHere + 7s, kThere + 7s + 300ms};
    EXPECT_EQ(offset.to_add(slow), 300ms);
    EXPECT_EQ(offset.to_add(fast), -300ms);
}

TEST(ClockOffset, LeavesOutAnAnswerBeforeItsQuestion) {
    ClockOffset offset;
    offset.add({kHere, kThere, kHere - 1ms});
    EXPECT_FALSE(offset.known());
}

}  // namespace
}  // namespace plimsoll
