#include "load/stepped_level.hpp"

#include "load/arrivals.hpp"

#include <set>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(SteppedLevel, IsTheLevelLastSet) {
    SteppedLevel level(10, 60s);
    level.step(20s, 50);
    level.step(40s, 0);
    EXPECT_EQ(level.ramp().duration(), 60s);
    EXPECT_EQ(level.ramp().at(19s), 10);
    EXPECT_EQ(level.ramp().at(20s), 50);
    EXPECT_EQ(level.ramp().at(39s), 50);
    EXPECT_EQ(level.ramp().at(50s), 0);
    EXPECT_DOUBLE_EQ(level.ramp().integral(60s), 10 * 20 + 50 * 20);
}

TEST(SteppedLevel, TakesStepsAtTheStartAndBeforeTheLatest) {
    SteppedLevel level(10, 60s);
    level.step(0s, 3);
    EXPECT_EQ(level.ramp().at(0s), 3);
    level.step(30s, 4);
    level.step(20s, 5);
    EXPECT_EQ(level.ramp().at(25s), 3);
    EXPECT_EQ(level.ramp().at(30s), 5);
}

/// Walks the arrivals up to each step's time, then sets the new level, as a shard does.
std::vector<ArrivalCursor::Arrival> walk(ArrivalProcess process) {
    SteppedLevel level(10, 10s);
    ArrivalCursor cursor(level.ramp(), process, 7);
    std::vector<ArrivalCursor::Arrival> all;
    auto next = cursor.next();
    for (const auto& [at, rate] :
         {std::pair<Nanoseconds, double>{2s, 100}, {4s, 0}, {6s, 1000}, {7s, 2}, {10s, 2}}) {
        for (; next && next->due < at; next = cursor.next()) {
            all.push_back(*next);
        }
        level.step(at, rate);
        next = cursor.again(level.ramp());
    }
    return all;
}

TEST(SteppedLevel, KeepsArrivalsExactAndTheirIndicesWithoutGaps) {
    for (const auto process : {ArrivalProcess::Uniform, ArrivalProcess::Poisson}) {
        const auto steered = walk(process);
        // The same steps known from the start give the same arrivals at the same times.
        const Ramp known(10, {{2s, 10},
                              {0s, 100},
                              {2s, 100},
                              {0s, 0},
                              {2s, 0},
                              {0s, 1000},
                              {1s, 1000},
                              {0s, 2},
                              {3s, 2}});
        ArrivalCursor cursor(known, process, 7);
        for (const auto& arrival : steered) {
            const auto expected = cursor.next();
            ASSERT_TRUE(expected);
            EXPECT_EQ(arrival.index, expected->index);
            EXPECT_LE(std::chrono::abs(arrival.due - expected->due), 1ns) << arrival.index;
        }
        EXPECT_EQ(cursor.next(), std::nullopt);
        if (process == ArrivalProcess::Uniform) {
            EXPECT_EQ(steered.size(), 20 + 200 + 1000 + 6U);
        }
    }
}

TEST(ArrivalCursor, SkipsToTheSameArrivalsThatAWalkMeets) {
    const Ramp ramp(5, {{10s, 200}});
    for (const auto process : {ArrivalProcess::Uniform, ArrivalProcess::Poisson}) {
        ArrivalCursor walker(ramp, process, 3);
        ArrivalCursor skipper(ramp, process, 3);
        skipper.skip(2);
        std::uint64_t met = 0;
        while (const auto arrival = walker.next()) {
            if (arrival->index % 7 != 2) {
                continue;
            }
            const auto skipped = skipper.next();
            ASSERT_TRUE(skipped);
            EXPECT_EQ(skipped->index, arrival->index);
            EXPECT_EQ(skipped->due, arrival->due);
            skipper.skip(6);
            ++met;
        }
        EXPECT_EQ(skipper.next(), std::nullopt);
        EXPECT_GT(met, 130U);
    }
}

}  // namespace
}  // namespace plimsoll
