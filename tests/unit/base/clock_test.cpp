#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(WallAnchor, MapsMonotonicPointsByTheirDistanceFromTheAnchor) {
    const Clock::time_point mono{5s};
    const WallClock::time_point wall{1'700'000'000s};
    const WallAnchor anchor{mono, wall};

    EXPECT_EQ(anchor.to_wall(mono), wall);
    EXPECT_EQ(anchor.to_wall(mono + 90min), wall + 90min);
    EXPECT_EQ(anchor.to_wall(mono - 250ms), wall - 250ms);
}

TEST(Seconds, ConvertBothWays) {
    EXPECT_DOUBLE_EQ(to_seconds(1500ms), 1.5);
    EXPECT_DOUBLE_EQ(to_seconds(-1ns), -1e-9);
    EXPECT_EQ(from_seconds(0.25), 250ms);
    EXPECT_EQ(from_seconds(0), 0ns);
}

}  // namespace
}  // namespace plimsoll
