#include "run/stop_queue.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(StopQueue, GivesCausesInTheOrderInWhichTheyCame) {
    StopQueue stops;
    EXPECT_FALSE(stops.take());
    stops.push({StopKind::Threshold, "first"});
    stops.push({StopKind::Interrupted, "second", true});
    const auto first = stops.take();
    const auto second = stops.take();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->text, "first");
    EXPECT_FALSE(first->at_once);
    EXPECT_EQ(second->kind, StopKind::Interrupted);
    EXPECT_TRUE(second->at_once);
    EXPECT_FALSE(stops.take());
}

TEST(StopQueue, CountsInterruptsAlsoOnceTheyAreTaken) {
    StopQueue stops;
    stops.push({StopKind::Control, "not one"});
    EXPECT_EQ(stops.interrupts(), 0);
    stops.push({StopKind::Interrupted, "one"});
    while (stops.take()) {
    }
    EXPECT_EQ(stops.interrupts(), 1);
    EXPECT_TRUE(stops.wait_for_interrupt(0, Clock::now()));
    EXPECT_FALSE(stops.wait_for_interrupt(1, Clock::now()));
}

TEST(StopQueue, WakesWhoeverWaits) {
    StopQueue stops;
    EXPECT_FALSE(stops.wait_until(Clock::now()));
    std::thread other([&] { stops.push({StopKind::Owner, "over"}); });
    EXPECT_TRUE(stops.wait_until(Clock::now() + std::chrono::minutes(1)));
    other.join();
    EXPECT_TRUE(stops.take());
}

}  // namespace
}  // namespace plimsoll
