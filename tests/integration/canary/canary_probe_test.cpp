#include "probes/canary/canary_probe.hpp"

#include "signal/names.hpp"
#include "tests/support/readings.hpp"

#include <ctime>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::single;
using test::values;

/// Takes a step longer with each attempt, or says so.
class Counted final : public CanaryProbe {
public:
    Counted() : CanaryProbe("counted", 1s) {}
    Nanoseconds cpu{};
    bool fails = false;
    bool hurry = false;
    int step = 1;  // in seconds

private:
    [[nodiscard]] bool urgent() const override { return hurry; }
    Result<Nanoseconds> attempt(Clock::time_point) override {
        const std::clock_t until =
            std::clock() + static_cast<std::clock_t>(to_seconds(cpu) * CLOCKS_PER_SEC);
        while (std::clock() < until) {
        }
        seconds_ += step;
        return fails ? Result<Nanoseconds>(Error{"refused", "", ""})
                     : Result<Nanoseconds>(std::chrono::seconds(seconds_));
    }
    int seconds_ = 0;
};

double read_seconds(CanaryProbe& canary) {
    const auto reading = canary.read(Clock::now() + 30s);
    EXPECT_TRUE(reading.ok());
    const auto seconds = values(canary, *reading, metric::kCanarySeconds);
    return seconds.empty() ? 0 : seconds.at("counted");
}

TEST(CanaryPause, KeepsToItsShareOfACoreAndToTenSeconds) {
    EXPECT_EQ(CanaryProbe::pause_after(0ns), 0ns);
    EXPECT_EQ(CanaryProbe::pause_after(3ms), 6s);
    EXPECT_EQ(CanaryProbe::pause_after(1s), 10s);
}

TEST(Canary, UsesEveryTurnWhileItIsCheap) {
    Counted canary;
    EXPECT_EQ(read_seconds(canary), 1);
    EXPECT_EQ(read_seconds(canary), 2);
}

TEST(Canary, PausesAfterADearRequestAndShowsTheLastDuration) {
    Counted canary;
    canary.cpu = 50ms;
    EXPECT_EQ(read_seconds(canary), 1);
    EXPECT_EQ(read_seconds(canary), 1);
}

TEST(Canary, CountsItsTriesSoThatARepeatedDurationIsKnown) {
    Counted canary;
    canary.cpu = 50ms;
    for (int turn = 0; turn < 3; ++turn) {
        const auto reading = canary.read(Clock::now() + 30s);
        ASSERT_TRUE(reading.ok());
        EXPECT_EQ(single(canary, *reading, metric::kCanaryTries), 1);
        EXPECT_EQ(single(canary, *reading, metric::kCanarySeconds), 1);
    }
    canary.hurry = true;
    const auto reading = canary.read(Clock::now() + 30s);
    ASSERT_TRUE(reading.ok());
    EXPECT_EQ(single(canary, *reading, metric::kCanaryTries), 2);
}

TEST(Canary, UsesTheNextTurnWhereItGotSlower) {
    Counted canary;
    canary.step = 3;
    EXPECT_EQ(read_seconds(canary), 3);  // cheap: no pause
    canary.cpu = 50ms;
    canary.step = 4;
    EXPECT_EQ(read_seconds(canary), 7);   // more than twice as long
    EXPECT_EQ(read_seconds(canary), 11);  // not twice as long: from here on it pauses
    EXPECT_EQ(read_seconds(canary), 11);
}

TEST(Canary, UsesEveryTurnWhileItIsUrgentHoweverDear) {
    Counted canary;
    canary.cpu = 50ms;
    canary.hurry = true;
    EXPECT_EQ(read_seconds(canary), 1);
    EXPECT_EQ(read_seconds(canary), 2);
}

TEST(Canary, UsesEveryTurnWhileItFailsHoweverDear) {
    Counted canary;
    canary.cpu = 50ms;
    canary.fails = true;
    for (int failures = 1; failures <= 3; ++failures) {
        const auto reading = canary.read(Clock::now() + 30s);
        ASSERT_TRUE(reading.ok());
        EXPECT_TRUE(values(canary, *reading, metric::kCanarySeconds).empty());
        EXPECT_EQ(single(canary, *reading, metric::kCanaryFailures), failures);
    }
}

}  // namespace
}  // namespace plimsoll
