// Ends: graceful stops, ramps down, cut-offs, aborts.
#include "tests/unit/engine/users/simulated_users.hpp"

namespace plimsoll {
namespace {

using namespace test;

Executor with_stop(Executor executor, Nanoseconds graceful) {
    executor.graceful_stop = graceful;
    return executor;
}

TEST(GracefulStop, LetsWhatIsUnderWayEnd) {
    World world(scenario_of(with_stop(vus(3, 10s), 30s)), takes(4s));
    world.run();
    // Begun at 0, 4 and 8 s; the last ends at 12.
    EXPECT_EQ(world.sent.size(), 9U);
    EXPECT_EQ(world.counts().iterations_completed, 9U);
    EXPECT_EQ(world.now(), 12s);
    EXPECT_EQ(world.cut_requests, 0U);
}

TEST(GracefulStop, CutsOffWhatTakesLonger) {
    World world(scenario_of(with_stop(vus(3, 10s), 1s)), takes(4s));
    world.run();
    EXPECT_EQ(world.sent.size(), 9U);
    EXPECT_EQ(world.counts().iterations_completed, 6U);
    EXPECT_EQ(world.cut_requests, 3U);
    EXPECT_EQ(world.now(), 11s);
}

TEST(GracefulStop, OfNothingCutsOffAtTheEnd) {
    World world(scenario_of(with_stop(arrivals(10, 10s), 0s)), takes(250ms));
    world.run();
    EXPECT_EQ(world.sent.size(), 100U);
    // Due at 9.8 and 9.9 s: not answered by 10 s.
    EXPECT_EQ(world.cut_requests, 2U);
    EXPECT_EQ(world.counts().iterations_completed, 98U);
    EXPECT_LE(world.now(), 10s + 10ms);  // with the next heartbeat
}

TEST(GracefulStop, LetsArrivalsUnderWayEnd) {
    World world(scenario_of(with_stop(arrivals(10, 10s), 5s)), takes(3s));
    world.run();
    EXPECT_EQ(world.counts().iterations_completed, 100U);
    EXPECT_EQ(world.now(), 9'900ms + 3s);
}

TEST(GracefulStop, AskedForMidwayBeginsNothingMore) {
    World world(scenario_of(with_stop(vus(2, 1h), 30s)), takes(4s));
    world.run(9s);
    world.stop_gracefully();
    world.run();
    EXPECT_EQ(world.sent.size(), 6U);  // at 0, 4, 8 s
    EXPECT_EQ(world.counts().iterations_completed, 6U);
    EXPECT_EQ(world.now(), 12s);
}

TEST(GracefulStop, AskedForMidwayHasItsOwnTime) {
    World world(scenario_of(with_stop(vus(2, 1h), 1s)), takes(4s));
    world.run(9s);
    world.stop_gracefully();
    world.run();
    EXPECT_EQ(world.cut_requests, 2U);
    EXPECT_EQ(world.now(), 10s);
}

TEST(GracefulStop, DoesNotCountIterationsThatNobodyWasToBegin) {
    World world(scenario_of(shared(2, 100, 1h)), takes(4s));
    world.run(9s);
    world.stop_gracefully();
    world.run();
    EXPECT_EQ(world.counts().arrivals_due, 6U);
    EXPECT_EQ(world.counts().not_sent(), 0U);
}

TEST(GracefulStop, HasUsersGoThroughTheirStop) {
    UserClass user = user_of(3);
    user.start.ops = {{Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    user.flow.ops = {{Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    user.stop.ops = {{Op::Kind::Request, 2, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(vus(1, 10s), user), takes(4s));
    world.run();
    std::vector<std::uint32_t> steps;
    std::vector<Nanoseconds> at;
    for (const Sent& each : world.sent) {
        steps.push_back(each.step);
        at.push_back(each.at);
    }
    EXPECT_EQ(steps, (std::vector<std::uint32_t>{0, 1, 1, 2}));
    EXPECT_EQ(at, (std::vector<Nanoseconds>{0s, 4s, 8s, 12s}));
    EXPECT_EQ(world.now(), 16s);
    EXPECT_EQ(world.counts().iterations_started, 2U);
    EXPECT_EQ(world.counts().iterations_completed, 2U);
}

TEST(GracefulStop, CutsOffAStopThatTakesLonger) {
    UserClass user = user_of(2);
    user.flow.ops = {{Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    user.stop.ops = {{Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(with_stop(vus(1, 10s), 5s), user),
                [](const Sent& one) { return Reply{one.step == 0 ? 4s : 1h}; });
    world.run();
    EXPECT_EQ(world.now(), 15s);
    EXPECT_EQ(world.cut_requests, 1U);
    EXPECT_EQ(world.counts().iterations_completed, 3U);
}

TEST(GracefulStop, HasParkedUsersGoThroughTheirStopToo) {
    UserClass user = user_of(2);
    user.flow.ops = {{Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    user.stop.ops = {{Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(arrivals(1, 10s), user), takes(2'500ms));
    world.run();
    // Three users are at work at once; each that has been says goodbye.
    EXPECT_EQ(std::count_if(world.sent.begin(), world.sent.end(),
                            [](const Sent& each) { return each.step == 1; }),
              3);
    EXPECT_EQ(world.counts().iterations_completed, 10U);
}

TEST(RampDown, LetsAUserFinishWithinItsGrace) {
    Executor executor = ramping_vus(2, {{10s, 2}, {0s, 1}, {10s, 1}});
    executor.graceful_ramp_down = 5s;
    World world(scenario_of(executor), takes(3s));
    world.run(11s);
    EXPECT_EQ(world.users(), 2U);  // the one that leaves is busy until 12 s
    world.run(12'500ms);
    EXPECT_EQ(world.users(), 1U);
    EXPECT_EQ(world.closed, 1U);  // and its connections with it
    world.run();
    EXPECT_EQ(world.cut_requests, 0U);
}

TEST(RampDown, CutsOffAUserThatTakesLonger) {
    Executor executor = ramping_vus(2, {{10s, 2}, {0s, 1}, {30s, 1}});
    executor.graceful_ramp_down = 2s;
    World world(scenario_of(executor), takes(9s));
    world.run(11'900ms);
    EXPECT_EQ(world.users(), 2U);
    world.run(12'020ms);
    EXPECT_EQ(world.users(), 1U);
    EXPECT_EQ(world.cut_requests, 1U);
}

TEST(RampDown, TakesAUserThatWaitsForItsNextIterationAtOnce) {
    UserClass user = user_of();
    user.pacing = 8s;
    World world(scenario_of(ramping_vus(2, {{10s, 2}, {0s, 1}, {10s, 1}}), user), takes(1s));
    world.run(9'999ms);
    EXPECT_EQ(world.users(), 2U);  // between two iterations: one ended at 9 s, the next is at 16
    world.run(10'001ms);
    EXPECT_EQ(world.users(), 1U);
}

TEST(RampDown, KeepsAUserThatIsWantedBackBeforeItHasLeft) {
    World world(scenario_of(ramping_vus(1, {{10s, 1}, {0s, 0}, {1s, 0}, {0s, 1}, {9s, 1}})),
                takes(8s));
    world.run();
    // Begun at 0 and 8 s; away from 10 to 11 while that one ran; the third follows at 16 s.
    EXPECT_EQ(world.dues(), (std::vector<Nanoseconds>{0s, 8s, 16s}));
    EXPECT_EQ(world.counts().iterations_completed, 3U);
}

TEST(RampDown, BringsAUserBackThatHasLeft) {
    World world(scenario_of(ramping_vus(1, {{10s, 1}, {0s, 0}, {10s, 0}, {0s, 1}, {10s, 1}})),
                takes(4s));
    world.run();
    EXPECT_EQ(world.dues(), (std::vector<Nanoseconds>{0s, 4s, 8s, 20s, 24s, 28s}));
    for (std::uint64_t i = 0; i < 6; ++i) {
        EXPECT_EQ(world.sent[i].iteration, i);
        EXPECT_EQ(world.sent[i].user, 0U);
    }
}

TEST(RampDown, CutsOffInTheOrderInWhichUsersHadToGo) {
    // One user less every 2 s from 10 s on, each with 3 s of grace; nothing is ever answered.
    Executor executor = ramping_vus(5, {{10s, 5}, {10s, 0}});
    executor.graceful_ramp_down = 3s;
    World world(scenario_of(executor), takes(kNever));
    // The level falls below 5 at once, below 4 at 12 s, below 3 at 14 s ...
    std::vector<std::uint32_t> users;
    for (const auto at : {12'900ms, 13'100ms, 14'900ms, 15'100ms, 16'900ms, 17'100ms}) {
        world.run(at);
        users.push_back(world.users());
    }
    EXPECT_EQ(users, (std::vector<std::uint32_t>{5, 4, 4, 3, 3, 2}));
}

TEST(Abort, CutsOffEverythingAtOnce) {
    World world(scenario_of(arrivals(10, 1h)), takes(950ms));
    world.run(10'050ms);
    world.abort();
    EXPECT_TRUE(world.over());
    EXPECT_EQ(world.counts().iterations_started, 101U);  // at 0 ... 10 s
    // Due from 9.2 s on: 9.1 was answered at 10.05.
    EXPECT_EQ(world.cut_requests, 9U);
    EXPECT_EQ(world.users(), 0U);
}

TEST(Abort, OfUsersThatThinkLeavesNothing) {
    UserClass user = user_of(2);
    user.think = constant(1min);
    World world(scenario_of(vus(7, 1h), user), takes(1s));
    world.run(30s);
    world.abort();
    EXPECT_TRUE(world.over());
    EXPECT_EQ(world.cut_requests, 0U);
    EXPECT_EQ(world.cut_iterations, 7U);
}

TEST(Abort, IsAskedForByAStepThatSaysSo) {
    UserClass user = user_of();
    user.steps[0].on_fail = OnFail::AbortRun;
    std::vector<std::string> reasons;
    World::Setting setting;
    setting.tell.on_abort = [&](std::string reason) { reasons.push_back(std::move(reason)); };
    World world(
        scenario_of(per_vu(1, 3, 1h), user),
        [](const Sent& one) {
            return Reply{1s, one.iteration == 2 ? Outcome::Http5xx : Outcome::Ok};
        },
        std::move(setting));
    world.run();
    ASSERT_EQ(reasons.size(), 1U);
    EXPECT_EQ(reasons[0],
              "/ of user: " + std::string(to_string(Outcome::Http5xx)) + ": as the server wanted");
}

TEST(Failure, OfAStepGoesOnUnlessItSaysOtherwise) {
    World world(scenario_of(per_vu(1, 2, 1h), user_of(3)), [](const Sent& one) {
        return Reply{1s, one.step == 1 ? Outcome::Http4xx : Outcome::Ok};
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 6U);
    EXPECT_EQ(world.counts().iterations_completed, 2U);
    EXPECT_EQ(world.counts().iterations_cut_short, 0U);
}

TEST(Failure, EndsTheIterationWhereTheStepSaysSo) {
    UserClass user = user_of(3);
    user.steps[1].on_fail = OnFail::NextIteration;
    World world(scenario_of(per_vu(1, 2, 1h), user), [](const Sent& one) {
        return Reply{1s, one.step == 1 ? Outcome::Http4xx : Outcome::Ok};
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 4U);
    EXPECT_EQ(world.counts().iterations_completed, 0U);
    EXPECT_EQ(world.counts().iterations_cut_short, 2U);
}

TEST(Failure, StopsTheUserWhereTheStepSaysSo) {
    UserClass user = user_of();
    user.steps[0].on_fail = OnFail::StopUser;
    // User u fails in its iteration number u.
    World world(scenario_of(vus(3, 1h), user), [](const Sent& one) {
        return Reply{1s, one.iteration == one.user ? Outcome::Http4xx : Outcome::Ok};
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 1U + 2 + 3);
    EXPECT_EQ(world.counts().users_stopped, 3U);
    EXPECT_EQ(world.now(), 3s);  // nobody is left: the executor is over
}

TEST(Failure, OfTheLastUserEndsIterationsPerUser) {
    UserClass user = user_of();
    user.steps[0].on_fail = OnFail::StopUser;
    World world(scenario_of(per_vu(2, 10, 1h), user), [](const Sent& one) {
        return Reply{1s, one.user == 1 && one.iteration == 3 ? Outcome::Http4xx : Outcome::Ok};
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 10U + 4);
    EXPECT_EQ(world.now(), 10s);
    EXPECT_EQ(world.counts().arrivals_due, 14U);
}

TEST(Failure, InUserStartStopsTheUserAndIsToldOnce) {
    UserClass user = user_of(2);
    user.start.ops = {{Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    user.flow.ops = {{Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    std::vector<std::string> notes;
    World::Setting setting;
    setting.tell.on_note = [&](std::string note) { notes.push_back(std::move(note)); };
    World world(
        scenario_of(vus(4, 1h), user),
        [](const Sent& one) {
            return Reply{1s, one.user == 3 ? Outcome::Ok : Outcome::Http5xx};
        },
        std::move(setting));
    world.run(10'500ms);
    EXPECT_EQ(world.counts().starts_failed, 3U);
    EXPECT_EQ(world.counts().iterations_started, 10U);  // user 3, from 1 s on
    EXPECT_EQ(notes.size(), 1U);
    EXPECT_EQ(world.users(), 1U);
}

TEST(Failure, InUserStopChangesNothing) {
    UserClass user = user_of(2);
    user.flow.ops = {{Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    user.stop.ops = {{Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(per_vu(2, 1, 1h), user), [](const Sent& one) {
        return Reply{1s, one.step == 1 ? Outcome::Http5xx : Outcome::Ok};
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 4U);
    EXPECT_EQ(world.counts().users_stopped, 0U);
    EXPECT_EQ(world.now(), 2s);
}

}  // namespace
}  // namespace plimsoll
