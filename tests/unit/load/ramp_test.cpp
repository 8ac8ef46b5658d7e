#include "load/ramp.hpp"

#include "base/random.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

// 0 → 10 in 10 s, 10 for 20 s, a step to 4, 4 for 5 s, 4 → 0 in 8 s.
// Integrals: 50, 200, 0, 20, 16; the ends lie at 10, 30, 30, 35 and 43 s.
Ramp trapezium() {
    return Ramp(0, {{10s, 10}, {20s, 10}, {0s, 4}, {5s, 4}, {8s, 0}});
}

TEST(Ramp, KnowsItsLengthAndHighestLevel) {
    EXPECT_EQ(trapezium().duration(), 43s);
    EXPECT_EQ(trapezium().highest(), 10);
    EXPECT_EQ(Ramp(12, {{1s, 3}}).highest(), 12);
    EXPECT_EQ(Ramp(5, {}).duration(), 0s);
}

TEST(Ramp, LevelFollowsTheStages) {
    const Ramp ramp = trapezium();
    const struct {
        Nanoseconds offset;
        double level;
    } rows[] = {{-1ns, 0}, {0s, 0},  {5s, 5},  {10s, 10}, {29999ms, 10}, {30s, 4},
                {35s, 4},  {37s, 3}, {41s, 1}, {43s, 0},  {44s, 0}};
    for (const auto& row : rows) {
        EXPECT_DOUBLE_EQ(ramp.at(row.offset), row.level) << row.offset.count();
    }
}

TEST(Ramp, LevelIsZeroFromTheEndOnEvenWhereTheLastStageEndsHigh) {
    EXPECT_EQ(Ramp::constant(7, 3s).at(3s - 1ns), 7);
    EXPECT_EQ(Ramp::constant(7, 3s).at(3s), 0);
}

TEST(Ramp, IntegralIsTheAreaUnderTheStages) {
    const Ramp ramp = trapezium();
    const struct {
        Nanoseconds offset;
        double area;
    } rows[] = {{-1s, 0},   {0s, 0},    {4s, 8},    {10s, 50},  {15s, 100},
                {30s, 250}, {35s, 270}, {39s, 282}, {43s, 286}, {99s, 286}};
    for (const auto& row : rows) {
        EXPECT_NEAR(ramp.integral(row.offset), row.area, 1e-9) << row.offset.count();
    }
}

TEST(Ramp, WhenFindsTheEarliestOffsetOfAnAmount) {
    const Ramp ramp = trapezium();
    const struct {
        double amount;
        Nanoseconds offset;
    } rows[] = {{-3, 0s},   {0, 0s},    {8, 4s},    {50, 10s}, {100, 15s},
                {250, 30s}, {270, 35s}, {282, 39s}, {286, 43s}};
    for (const auto& row : rows) {
        EXPECT_EQ(ramp.when(row.amount), row.offset) << row.amount;
    }
    EXPECT_EQ(ramp.when(286.001), std::nullopt);
    EXPECT_EQ(ramp.when(std::nan("")), std::nullopt);
    EXPECT_EQ(Ramp(5, {}).when(1), std::nullopt);
    EXPECT_EQ(Ramp::constant(0, 10s).when(1e-6), std::nullopt);
}

TEST(Ramp, WhenTakesTheBeginOfAPauseAndActiveFromItsEnd) {
    const Ramp ramp(10, {{1s, 10}, {0s, 0}, {5s, 0}, {0s, 10}, {1s, 10}});
    EXPECT_EQ(ramp.when(10), 1s);
    EXPECT_EQ(ramp.active_from(1s), 6s);
    EXPECT_EQ(ramp.active_from(500ms), 500ms);
    EXPECT_EQ(ramp.active_from(3s), 6s);
    EXPECT_EQ(ramp.active_from(7s), std::nullopt);
    EXPECT_EQ(Ramp::constant(0, 5s).active_from(0s), std::nullopt);
}

TEST(Ramp, WhenInvertsTheIntegralToTheNanosecondWhereTheLevelIsPositive) {
    // Hours of awkward slopes, up and down, and one stage nearly flat.
    const Ramp ramp(3, {{7s, 1000}, {1h, 1000.001}, {13s, 17}, {3h, 333}, {0s, 5}, {11s, 400}});
    Random random(1, 2, 3);
    for (int i = 0; i < 20'000; ++i) {
        const Nanoseconds offset(static_cast<std::int64_t>(
            random.between(0, static_cast<std::uint64_t>(ramp.duration().count()) - 1)));
        const auto back = ramp.when(ramp.integral(offset));
        ASSERT_TRUE(back.has_value());
        // A double holds the integral (about 5.5 million) to 1e-9; the level is at least 3.
        ASSERT_NEAR(static_cast<double>(back->count()), static_cast<double>(offset.count()), 2.0);
    }
}

TEST(Ramp, WhenNeverRunsBackwards) {
    const Ramp ramp(0, {{3s, 100}, {2s, 0}, {4s, 0}, {3s, 50}, {1s, 50}, {2s, 0}});
    Nanoseconds last{};
    for (double amount = 0; amount < ramp.integral(ramp.duration()); amount += 0.01) {
        const auto at = ramp.when(amount);
        ASSERT_TRUE(at.has_value()) << amount;
        ASSERT_GE(*at, last) << amount;
        last = *at;
    }
}

TEST(Ramp, StageAtSkipsStagesWithoutLength) {
    const Ramp ramp = trapezium();
    EXPECT_EQ(ramp.stage_at(-1s), 0U);
    EXPECT_EQ(ramp.stage_at(0s), 0U);
    EXPECT_EQ(ramp.stage_at(10s - 1ns), 0U);
    EXPECT_EQ(ramp.stage_at(10s), 1U);
    EXPECT_EQ(ramp.stage_at(30s), 3U);
    EXPECT_EQ(ramp.stage_at(43s - 1ns), 4U);
    EXPECT_EQ(ramp.stage_at(43s), 5U);
}

TEST(Ramp, UsersAreWholeAndRoundingDoesNotLoseOne) {
    const Ramp ramp(0, {{10s, 10}, {10s, 0}});
    EXPECT_EQ(ramp.users_at(0s), 0U);
    EXPECT_EQ(ramp.users_at(999ms), 0U);
    for (int user = 1; user <= 10; ++user) {
        EXPECT_EQ(ramp.users_at(std::chrono::seconds(user)), static_cast<unsigned>(user));
    }
    EXPECT_EQ(ramp.users_at(10500ms), 9U);
    EXPECT_EQ(ramp.users_at(20s), 0U);
    EXPECT_EQ(Ramp(0, {{3s, 1}}).users_at(2999999999ns), 1U);  // within 1e-9 of 1
}

TEST(Ramp, NextUserChangeStopsAtEachWholeUserAndAtStageEnds) {
    const Ramp ramp(0, {{10s, 10}, {5s, 10}, {0s, 3}, {3s, 3}});
    const struct {
        Nanoseconds from;
        Nanoseconds change;
    } rows[] = {{-1s, 0s}, {0s, 1s},   {1s, 2s},   {1500ms, 2s},
                {9s, 10s}, {10s, 15s}, {16s, 18s}, {18s, 18s}};
    for (const auto& row : rows) {
        // users_at forgives 1e-9 users, which is 1 ns on this slope.
        EXPECT_NEAR(static_cast<double>(ramp.next_user_change(row.from).count()),
                    static_cast<double>(row.change.count()), 1.0);
    }
}

TEST(Ramp, UsersStayTheSameUntilTheNextChangeAndTheWalkIsShort) {
    const Ramp ramps[] = {Ramp(1, {{30s, 100}, {2min, 100}, {30s, 0}}),
                          Ramp(0, {{7s, 3}, {11s, 2}, {0s, 50}, {13s, 7}}),
                          Ramp(3, {{24h, 4}, {24h, 0}}), Ramp(0, {{1s, 10'000}, {1s, 0}})};
    for (const Ramp& ramp : ramps) {
        std::size_t steps = 0;
        double travelled = 0;  // |level| changes: an upper bound on the number of changes
        double level = ramp.start();
        for (const auto& stage : ramp.stages()) {
            travelled += std::abs(stage.target - level) + 2;
            level = stage.target;
        }
        for (Nanoseconds at{}; at < ramp.duration();) {
            const Nanoseconds next = ramp.next_user_change(at);
            ASSERT_GT(next, at);
            const Nanoseconds middle = at + (next - at) / 2;
            // 3 ns: the slack of 1e-9 users on a slope of one user in a second, and rounding.
            ASSERT_EQ(ramp.users_at(middle), ramp.users_at(at)) << at.count();
            ASSERT_EQ(ramp.users_at(std::max(at, next - 3ns)), ramp.users_at(at)) << at.count();
            at = next;
            ++steps;
        }
        EXPECT_LT(static_cast<double>(steps), 3 * travelled);
    }
}

}  // namespace
}  // namespace plimsoll
