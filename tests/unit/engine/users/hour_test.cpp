// One hour of each executor.
#include "tests/unit/engine/users/simulated_users.hpp"

#include <array>
#include <cmath>

namespace plimsoll {
namespace {

using namespace test;

World::Setting by_the_second() {
    return {0, 1, 1s, {}};
}

Nanoseconds seconds(double count) {
    return Nanoseconds(std::llround(count * 1e9));
}

/// Users that are at work at `at`.
std::uint32_t users_at(World& world, Nanoseconds at) {
    world.run(at);
    return world.users();
}

TEST(AnHour, OfAConstantArrivalRateHasEachArrivalOnTheSecondThird) {
    World world(scenario_of(arrivals(3, 1h)), takes(50ms), by_the_second());
    world.run();
    ASSERT_EQ(world.sent.size(), 10'800U);  // 3 per s for 3,600 s
    for (std::size_t i = 0; i < world.sent.size(); ++i) {
        // Arrival i is due at i/3 s.
        EXPECT_LE(std::abs((world.sent[i].due - seconds(static_cast<double>(i) / 3)).count()), 1);
        EXPECT_EQ(world.sent[i].at, world.sent[i].due);
        EXPECT_EQ(world.sent[i].iteration, i);
    }
    EXPECT_EQ(world.counts().arrivals_due, 10'800U);
    EXPECT_EQ(world.counts().iterations_completed, 10'800U);
    EXPECT_EQ(world.now(), 1h);
}

TEST(AnHour, OfPoissonArrivalsHasAsManyAsTheRateSays) {
    Executor executor = arrivals(2, 1h);
    executor.arrivals = ArrivalProcess::Poisson;
    World world(scenario_of(executor), takes(50ms), by_the_second());
    world.run();
    // Mean and variance are 7,200: six standard deviations are 509.
    EXPECT_NEAR(static_cast<double>(world.sent.size()), 7'200, 509);
    World again(scenario_of(executor), takes(50ms), by_the_second());
    again.run();
    EXPECT_EQ(again.dues(), world.dues());  // the seed's
}

TEST(AnHour, OfARampOfArrivalsHasTheAreaUnderIt) {
    const Ramp up_and_down(0, {{30min, 10}, {30min, 0}});
    World world(scenario_of(executor_of(ExecutorKind::RampingArrivalRate, up_and_down, 100)),
                takes(50ms), by_the_second());
    world.run();
    // A triangle: 3,600 s · 10 per s / 2.
    ASSERT_EQ(world.sent.size(), 18'000U);
    // On the way up the integral is a·t²/2 with a = 10/1,800 per s²: arrival i is due at √(2i/a).
    const double a = 10.0 / 1'800;
    for (std::size_t i = 0; i < 9'000; i += 100) {
        EXPECT_NEAR(to_seconds(world.sent[i].due), std::sqrt(2 * static_cast<double>(i) / a), 1e-6);
    }
    // Halfway through in number is halfway through in time.
    EXPECT_NEAR(to_seconds(world.sent[9'000].due), 1'800, 1e-6);
}

TEST(AnHour, OfConstantUsersHasEachGoRoundInItsTime) {
    UserClass user = user_of();
    user.think = constant(3s);
    World world(scenario_of(vus(5, 1h), user), takes(2s), by_the_second());
    world.run(59min);
    EXPECT_EQ(world.users(), 5U);
    world.run();
    // Each begins one at 0, 5 ... 3,595 s.
    EXPECT_EQ(world.sent.size(), 5U * 720);
    EXPECT_EQ(world.counts().iterations_completed, 5U * 720);
    EXPECT_EQ(world.sent.back().due, 3'595s);
    EXPECT_EQ(world.counts().arrivals_due, 0U);  // a loop has no schedule
}

TEST(AnHour, OfRampingUsersHasOneMoreEachMinute) {
    UserClass user = user_of();
    user.think = constant(9'001ms);  // not a part of a minute: no iteration begins with the end
    World world(scenario_of(ramping_vus(0, {{59min, 59}, {1min, 59}}), user), takes(1s),
                by_the_second());
    for (int minute = 1; minute < 60; ++minute) {
        // User number k is wanted from minute k on.
        const auto just_before = std::chrono::minutes(minute) - 1ms;
        EXPECT_EQ(users_at(world, just_before), static_cast<std::uint32_t>(minute - 1));
        EXPECT_EQ(users_at(world, std::chrono::minutes(minute) + 1ms),
                  static_cast<std::uint32_t>(minute));
    }
    world.run();
    // The one of minute k has 3,600 − 60k seconds, and goes round in 10: ∑ (360 − 6k), k from 1
    // to 59.
    EXPECT_EQ(world.sent.size(), 59U * 360 - 6 * (59 * 60 / 2));
}

TEST(AnHour, OfIterationsPerUserEndsWithTheLast) {
    World world(scenario_of(per_vu(4, 900, 2h)), takes(4s), by_the_second());
    world.run();
    EXPECT_EQ(world.now(), 1h);  // 900 · 4 s
    EXPECT_EQ(world.sent.size(), 3'600U);
    EXPECT_EQ(world.counts().arrivals_due, 3'600U);
    EXPECT_EQ(world.counts().iterations_completed, 3'600U);
    EXPECT_EQ(world.counts().not_sent(), 0U);
}

TEST(AnHour, OfIterationsPerUserGivesUpWhatItHasNoTimeFor) {
    World world(scenario_of(per_vu(4, 1'000, 1h)), takes(4s), by_the_second());
    world.run();
    EXPECT_EQ(world.sent.size(), 3'600U);  // 900 each
    EXPECT_EQ(world.counts().arrivals_due, 4'000U);
    EXPECT_EQ(world.counts().not_sent_user_cap, 400U);
}

TEST(AnHour, OfSharedIterationsIsDividedByWhoIsFree) {
    World world(scenario_of(shared(3, 3'600, 2h)), takes(3s), by_the_second());
    world.run();
    EXPECT_EQ(world.now(), 1h);
    ASSERT_EQ(world.sent.size(), 3'600U);
    for (std::size_t i = 0; i < world.sent.size(); ++i) {
        EXPECT_EQ(world.sent[i].iteration, i);
    }
    for (std::uint32_t user = 0; user < 3; ++user) {
        EXPECT_EQ(std::count_if(world.sent.begin(), world.sent.end(),
                                [&](const Sent& each) { return each.user == user; }),
                  1'200);
    }
}

TEST(AnHour, OfSharedIterationsGoesToTheFasterUser) {
    // User 0 takes 1 s, user 1 takes 3 s: of every four, three are user 0's.
    World world(
        scenario_of(shared(2, 4'800, 2h)),
        [](const Sent& one) { return Reply{one.user == 0 ? 1s : 3s}; }, by_the_second());
    world.run();
    EXPECT_NEAR(to_seconds(world.now()), 3'600, 3);
    EXPECT_NEAR(static_cast<double>(std::count_if(world.sent.begin(), world.sent.end(),
                                                  [](const Sent& each) { return each.user == 0; })),
                3'600, 3);
}

TEST(AnHour, OfUsersSetFromOutsideFollowsTheSettings) {
    UserClass user = user_of();
    user.think = constant(9s);
    World world(
        scenario_of(executor_of(ExecutorKind::ExternallyControlled, Ramp::constant(10, 1h), 50),
                    user),
        takes(1s), by_the_second());
    EXPECT_EQ(users_at(world, 20min - 1ms), 10U);
    world.set_level(20);
    EXPECT_EQ(users_at(world, 40min - 2ms), 20U);
    world.set_level(5);
    EXPECT_EQ(users_at(world, 41min), 5U);
    world.run();
    EXPECT_EQ(world.now(), 1h);
    // 120 iterations a user in 20 minutes; the fifteen that leave are thinking, and begin no more.
    EXPECT_EQ(world.sent.size(), 120U * (10 + 20 + 5));
}

TEST(AnHour, OfArrivalsSetFromOutsideFollowsTheSettings) {
    World world(
        scenario_of(executor_of(ExecutorKind::ExternallyControlledRate, Ramp::constant(1, 1h), 50)),
        takes(100ms), by_the_second());
    world.run(20min - 500ms);  // 1,200 arrivals at 0 ... 1,199 s
    EXPECT_EQ(world.sent.size(), 1'200U);
    world.run(20min - 1ms);
    world.set_level(4);
    world.run(40min - 2ms);
    world.set_level(2);
    world.run();
    EXPECT_EQ(world.now(), 1h);
    EXPECT_NEAR(static_cast<double>(world.sent.size()), 1'200 * (1 + 4 + 2), 1);
    EXPECT_EQ(world.counts().arrivals_due, world.sent.size());
}

TEST(AnHour, OfSeveralExecutorsHasEachInItsTime) {
    Scenario scenario = scenario_of(arrivals(1, 30min));
    scenario.load.push_back(vus(2, 30min));
    scenario.load.back().start_time = 30min;
    scenario.load.back().name = "second";
    World world(scenario, takes(10s), by_the_second());
    world.run();
    std::array<std::uint64_t, 2> of{};
    for (const Sent& each : world.sent) {
        ++of[each.executor];
        EXPECT_EQ(each.executor, each.due < 30min ? 0U : 1U);
    }
    EXPECT_EQ(of[0], 1'800U);
    EXPECT_EQ(of[1], 2U * 180);
    EXPECT_EQ(world.now(), 1h);
}

TEST(AnHour, OfAPollIsAskedEachTimeAnew) {
    UserClass user = user_of();
    Check body;
    body.id = kUncounted;
    body.op = Check::Op::Size;
    body.low = 1;
    body.high = 1e9;
    user.steps[0].until = Until{{body}, 9s, 400};
    // 1 s and a pause of 9: poll number n is sent at 10·n s. The 361st, after one hour, is
    // answered.
    World world(
        scenario_of(per_vu(1, 1, 2h), user),
        [](const Sent& one) {
            return Reply{1s, Outcome::Ok, one.at >= 1h ? 5U : 0U};
        },
        by_the_second());
    world.run();
    EXPECT_EQ(world.sent.size(), 361U);
    EXPECT_EQ(world.ended(Outcome::Ok), 361U);
    EXPECT_EQ(world.now(), 1h + 1s);
    EXPECT_EQ(world.counts().iterations_completed, 1U);
}

}  // namespace
}  // namespace plimsoll
