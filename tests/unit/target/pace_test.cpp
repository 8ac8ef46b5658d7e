// Keeping work to a share of a core, by arithmetic.
#include "probes/target/pace.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart{1h};

TEST(Pace, LetsSoMuchTimePassThatWorkKeepsToItsShare) {
    Pace pace(0.002);
    EXPECT_TRUE(pace.due(kStart));
    pace.charge(kStart, 4ms);
    EXPECT_FALSE(pace.due(kStart + 1999ms));
    EXPECT_TRUE(pace.due(kStart + 2s));
}

TEST(Ration, IsAllUntilTheCostIsKnown) {
    Ration ration(0.001, 16, 64);
    EXPECT_EQ(ration.count(kStart), 64U);
}

TEST(Ration, TakesWhatItsShareOfTheTimeSinceTheLastLookAffords) {
    Ration ration(0.001, 16, 64);
    (void)ration.count(kStart);
    ration.charge(64, 64 * 2500ns);
    EXPECT_EQ(ration.count(kStart + 100ms), 40U);   // 100 us of 2.5 us each
    EXPECT_EQ(ration.count(kStart + 1100ms), 64U);  // the most
    EXPECT_EQ(ration.count(kStart + 1110ms), 16U);  // the fewest
    EXPECT_EQ(ration.count(kStart), 16U);           // a clock that stands, or goes back
}

TEST(Ration, FollowsACostThatChanges) {
    Ration ration(0.001, 1, 64);
    (void)ration.count(kStart);
    ration.charge(10, 10us);
    for (int i = 0; i < 100; ++i) {
        ration.charge(10, 50us);
    }
    EXPECT_EQ(ration.count(kStart + 101ms), 20U);
}

}  // namespace
}  // namespace plimsoll
