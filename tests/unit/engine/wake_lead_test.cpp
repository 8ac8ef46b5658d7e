#include "engine/wake_lead.hpp"

#include "base/random.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(WakeLead, RestsWhereAQuarterOfTheSleepsEndLater) {
    WakeLead lead;
    Random random(7, 0, 0);
    Nanoseconds sum{};
    for (int i = 0; i < 100'000; ++i) {
        lead.learn(Nanoseconds(static_cast<std::int64_t>(80'000 * random.uniform())));
        sum += lead.get();
    }
    // Of lateness spread evenly from 0 to 80 µs, a quarter is above 60 µs.
    EXPECT_NEAR(static_cast<double>(sum.count()) / 100'000, 60'000, 1'500);
}

TEST(WakeLead, FollowsAMachineThatGetsFaster) {
    WakeLead lead;
    for (int i = 0; i < 100; ++i) {
        lead.learn(5us);
    }
    EXPECT_LE(lead.get(), 7us);
    EXPECT_GE(lead.get(), 4us);
}

TEST(WakeLead, StaysWithinATenthOfAMillisecondOnABusyMachine) {
    WakeLead lead;
    for (int i = 0; i < 10'000; ++i) {
        lead.learn(5ms);
    }
    EXPECT_EQ(lead.get(), 100us);
}

TEST(WakeLead, ShrinksWhereArrivalsLeaveNoSleepToLearnFrom) {
    WakeLead lead;
    for (int i = 0; i < 80 * 16'384; ++i) {
        lead.looked();
    }
    EXPECT_EQ(lead.get(), 10us);  // from 50 µs, half a microsecond each 16,384 looks
}

TEST(WakeLead, IsNeverNegative) {
    WakeLead lead;
    for (int i = 0; i < 1'000; ++i) {
        lead.learn(0ns);
    }
    EXPECT_EQ(lead.get(), 0ns);
}

}  // namespace
}  // namespace plimsoll
