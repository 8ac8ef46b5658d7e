// Within an iteration: think times, polls, parallel steps, groups, setbacks.
#include "tests/unit/engine/users/simulated_users.hpp"

namespace plimsoll {
namespace {

using namespace test;

using Dues = std::vector<Nanoseconds>;

Check body_of(double bytes) {
    Check body;
    body.id = kUncounted;
    body.op = Check::Op::Size;
    body.low = bytes;
    body.high = 1e9;
    return body;
}

UserClass polling(Nanoseconds every, std::uint32_t most, std::size_t steps = 1) {
    UserClass user = user_of(steps);
    user.steps[0].until = Until{{body_of(1)}, every, most};
    return user;
}

/// All steps at once, on so many connections.
UserClass parallel(std::uint32_t steps, std::uint32_t connections) {
    UserClass user = user_of(steps);
    user.flow.ops = {{Op::Kind::Parallel, 0, steps, connections}, {Op::Kind::End, 0, 0, 0}};
    return user;
}

Dues times_of(const World& world) {
    Dues all;
    for (const Sent& each : world.sent) {
        all.push_back(each.at);
    }
    return all;
}

TEST(Thinking, FollowsTheStepsEnd) {
    UserClass user = user_of(3);
    user.think = constant(5s);
    World world(scenario_of(per_vu(1, 1, 1h), user), takes(2s));
    world.run();
    EXPECT_EQ(world.dues(), (Dues{0s, 7s, 14s}));
    EXPECT_EQ(times_of(world), world.dues());
}

TEST(Thinking, IsAStepsOwnWhereItHasOne) {
    UserClass user = user_of(3);
    user.think = constant(5s);
    user.steps[0].think = constant(1s);
    user.steps[1].think = Think{};
    World world(scenario_of(per_vu(1, 1, 1h), user), takes(2s));
    world.run();
    EXPECT_EQ(world.dues(), (Dues{0s, 3s, 5s}));
}

TEST(Thinking, WithinAFlowAddsUp) {
    UserClass user = user_of(2);
    user.think = constant(1s);
    user.thinks = {constant(3s), constant(4s)};
    user.flow.ops = {{Op::Kind::Think, 0, 0, 0},   {Op::Kind::Request, 0, 0, 0},
                     {Op::Kind::Think, 0, 0, 0},   {Op::Kind::Think, 1, 0, 0},
                     {Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(per_vu(1, 1, 1h), user), takes(2s));
    world.run();
    EXPECT_EQ(world.dues(), (Dues{3s, 3s + 2s + 1s + 3s + 4s}));
}

TEST(Thinking, OfAnArrivalBeginsAtItsDueTime) {
    UserClass user = user_of();
    user.thinks = {constant(1500ms)};
    user.flow.ops = {
        {Op::Kind::Think, 0, 0, 0}, {Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(arrivals(1, 3s), user), takes(1ms));
    world.run();
    EXPECT_EQ(world.dues(), (Dues{1500ms, 2500ms, 3500ms}));
}

TEST(Thinking, StaysWithinItsBoundsAndHasItsMean) {
    UserClass user = user_of();
    user.think = {Think::Kind::Uniform, 2s, 4s};
    World world(scenario_of(per_vu(1, 1'001, 10h), user), takes(1s), {0, 1, 1s, {}});
    world.run();
    const Dues dues = world.dues();
    for (std::size_t i = 1; i < dues.size(); ++i) {
        EXPECT_GE(dues[i] - dues[i - 1], 3s);
        EXPECT_LE(dues[i] - dues[i - 1], 5s);
    }
    // 1,000 draws with a standard deviation of 2/√12 s: six of their sum's are 110 s.
    EXPECT_NEAR(to_seconds(dues.back()), 4'000, 110);
}

TEST(Thinking, IsTheSameAgainForTheSameSeed) {
    UserClass user = user_of(4);
    user.think = {Think::Kind::Exponential, 2s, {}};
    World one(scenario_of(vus(3, 5min), user), takes(100ms));
    World other(scenario_of(vus(3, 5min), user), takes(100ms));
    one.run();
    other.run();
    EXPECT_GT(one.sent.size(), 100U);
    EXPECT_EQ(one.dues(), other.dues());
}

TEST(Thinking, EndsWithTheRun) {
    UserClass user = user_of(2);
    user.think = constant(1min);
    Executor executor = vus(1, 10s);
    executor.graceful_stop = 20s;
    World world(scenario_of(executor, user), takes(1s));
    world.run();
    EXPECT_EQ(world.sent.size(), 1U);
    EXPECT_EQ(world.now(), 30s);
    EXPECT_EQ(world.cut_iterations, 1U);
}

TEST(Pacing, SpacesTheBeginsOfIterations) {
    UserClass user = user_of();
    user.pacing = 5s;
    World world(scenario_of(vus(1, 21s), user), takes(2s));
    world.run();
    EXPECT_EQ(world.dues(), (Dues{0s, 5s, 10s, 15s, 20s}));
}

TEST(Pacing, DoesNotHoldUpWhatTakesLonger) {
    UserClass user = user_of();
    user.pacing = 5s;
    World world(scenario_of(vus(1, 20s), user),
                [](const Sent& one) { return Reply{one.iteration == 1 ? 7s : 1s}; });
    world.run();
    // 0, 5 (until 12), 12, 17: from its own begin, with no debt to work off.
    EXPECT_EQ(world.dues(), (Dues{0s, 5s, 12s, 17s}));
}

TEST(Pacing, CountsThinkTimeIn) {
    UserClass user = user_of();
    user.pacing = 5s;
    user.think = constant(6s);
    World world(scenario_of(vus(1, 15s), user), takes(1s));
    world.run();
    EXPECT_EQ(world.dues(), (Dues{0s, 7s, 14s}));
}

TEST(Polling, AsksUntilItIsSo) {
    World world(scenario_of(per_vu(1, 1, 1h), polling(3s, 60, 2)), [](const Sent& one) {
        return Reply{500ms, Outcome::Ok, one.at >= 7s ? 9U : 0U};
    });
    world.run();
    // From the end of one to the next: 0, 3.5, 7; then the step after it.
    EXPECT_EQ(world.dues(), (Dues{0s, 3500ms, 7s, 7500ms}));
    EXPECT_EQ(world.ended(Outcome::Ok), 4U);
}

TEST(Polling, GivesUpAfterSoMany) {
    World world(scenario_of(per_vu(1, 1, 1h), polling(1s, 4, 2)), takes(1s));
    world.run();
    EXPECT_EQ(world.dues(), (Dues{0s, 2s, 4s, 6s, 7s}));
    EXPECT_EQ(world.samples[2].outcome, Outcome::Ok);
    EXPECT_EQ(world.samples[3].outcome, Outcome::CheckFailed);
    ASSERT_EQ(world.recorded().errors.size(), 1U);
    EXPECT_THAT(world.recorded().errors[0].text,
                testing::StartsWith("until: not so after 4 polls: "));
}

TEST(Polling, GoesOnAfterAFailure) {
    World world(scenario_of(per_vu(1, 1, 1h), polling(1s, 4)), [](const Sent& one) {
        return one.at < 3s ? Reply{1s, Outcome::Http5xx} : Reply{1s, Outcome::Ok, 1};
    });
    world.run();
    EXPECT_EQ(world.dues(), (Dues{0s, 2s, 4s}));
    EXPECT_EQ(world.ended(Outcome::Http5xx), 2U);
    EXPECT_EQ(world.counts().iterations_completed, 1U);
}

TEST(Polling, AbortsOnlyWithItsLastPoll) {
    UserClass user = polling(1s, 3);
    user.steps[0].on_fail = OnFail::AbortRun;
    int aborted = 0;
    World::Setting setting;
    setting.tell.on_abort = [&](const std::string&) { ++aborted; };
    World world(
        scenario_of(per_vu(1, 1, 1h), user),
        [](const Sent&) {
            return Reply{1s, Outcome::Http5xx};
        },
        std::move(setting));
    world.run(2500ms);
    EXPECT_EQ(aborted, 0);
    world.run();
    EXPECT_EQ(aborted, 1);
    EXPECT_EQ(world.sent.size(), 3U);
}

TEST(Polling, BeginsAnewWithEachIteration) {
    World world(scenario_of(per_vu(1, 3, 1h), polling(1s, 2)), takes(1s));
    world.run();
    EXPECT_EQ(world.sent.size(), 6U);
    EXPECT_EQ(world.ended(Outcome::CheckFailed), 3U);
}

TEST(Polling, IsCutOffInThePauses) {
    World world(scenario_of(vus(1, 1h), polling(10min, 60)), takes(1s));
    world.run(5min);
    world.abort();
    EXPECT_TRUE(world.over());
    EXPECT_EQ(world.cut_requests, 0U);
    EXPECT_EQ(world.cut_iterations, 1U);
}

TEST(ParallelSteps, ShareTheConnections) {
    World world(scenario_of(per_vu(1, 1, 1h), parallel(6, 2)), takes(1s));
    world.run();
    EXPECT_EQ(times_of(world), (Dues{0s, 0s, 1s, 1s, 2s, 2s}));
    EXPECT_EQ(world.now(), 3s);
}

TEST(ParallelSteps, GoToWhicheverConnectionIsFree) {
    World world(scenario_of(per_vu(1, 1, 1h), parallel(5, 2)),
                [](const Sent& one) { return Reply{one.step == 0 ? 10s : 2s}; });
    world.run();
    EXPECT_EQ(times_of(world), (Dues{0s, 0s, 2s, 4s, 6s}));
    EXPECT_EQ(world.now(), 10s);
}

TEST(ParallelSteps, AreNeverMoreThanTheConnections) {
    std::size_t most = 0;
    World world(scenario_of(vus(1, 10min), parallel(7, 3)),
                [](const Sent& one) { return Reply{std::chrono::seconds(1 + one.step % 4)}; });
    world.after_each = [&] { most = std::max(most, world.under_way()); };
    world.run();
    EXPECT_EQ(most, 3U);
}

TEST(ParallelSteps, AreFollowedByTheThinkTimeOfTheLast) {
    UserClass user = parallel(3, 3);
    user.steps[2].think = constant(4s);
    user.flow.ops.insert(user.flow.ops.begin() + 1, {Op::Kind::Request, 0, 0, 0});
    World world(scenario_of(per_vu(1, 1, 1h), user),
                [](const Sent& one) { return Reply{std::chrono::seconds(3 - one.step)}; });
    world.run();
    EXPECT_EQ(times_of(world), (Dues{0s, 0s, 0s, 3s + 4s}));
}

TEST(ParallelSteps, FailAsTheGravestOfThem) {
    UserClass user = parallel(3, 3);
    user.steps[0].on_fail = OnFail::NextIteration;
    user.steps[1].on_fail = OnFail::StopUser;
    World world(scenario_of(per_vu(1, 5, 1h), user), [](const Sent& one) {
        return Reply{1s, one.step == 2 ? Outcome::Ok : Outcome::Http5xx};
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 3U);
    EXPECT_EQ(world.counts().users_stopped, 1U);
    EXPECT_EQ(world.counts().iterations_cut_short, 1U);
}

TEST(ParallelSteps, ThatCannotBeWrittenLeaveTheirPlaceToTheNext) {
    World world(scenario_of(per_vu(1, 1, 1h), parallel(5, 2)), [](const Sent& one) {
        Reply reply{1s};
        reply.unrendered = one.step < 2;
        return reply;
    });
    world.run();
    EXPECT_EQ(times_of(world), (Dues{0s, 0s, 1s}));
    EXPECT_EQ(world.counts().steps_unrendered, 2U);
    EXPECT_EQ(world.counts().iterations_cut_short, 1U);  // such a step ends its iteration
}

TEST(ParallelSteps, OfWhichNoneCanBeWrittenEndTheIteration) {
    World world(scenario_of(per_vu(1, 2, 1h), parallel(3, 2)), [](const Sent&) {
        Reply reply;
        reply.unrendered = true;
        return reply;
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 0U);
    EXPECT_EQ(world.counts().steps_unrendered, 6U);
    EXPECT_EQ(world.counts().iterations_cut_short, 2U);
}

TEST(ParallelSteps, ThatFailInTheSendingPauseBetweenRounds) {
    World world(scenario_of(per_vu(1, 1, 1h), parallel(6, 2)), [](const Sent&) {
        return Reply{0s, Outcome::ConnectRefused};
    });
    world.run();
    // Two at a time; 20 ms after two setbacks in a row, 80 after four; 320 after six.
    EXPECT_EQ(times_of(world), (Dues{0ms, 0ms, 20ms, 20ms, 100ms, 100ms}));
}

TEST(Groups, LastFromTheirFirstDueToTheirLastEnd) {
    UserClass user = user_of(2);
    user.think = constant(3s);
    user.flow.ops = {{Op::Kind::GroupBegin, 1, 0, 0},
                     {Op::Kind::Request, 0, 0, 0},
                     {Op::Kind::Request, 1, 0, 0},
                     {Op::Kind::GroupEnd, 1, 0, 0},
                     {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(per_vu(1, 4, 1h), user), takes(2s));
    world.run();
    const GroupStats& group = world.recorded().groups[1];
    EXPECT_EQ(group.count, 4U);
    EXPECT_EQ(group.failed, 0U);
    EXPECT_EQ(group.duration.sum(), 4 * 7s);  // 2 + 3 + 2: the pause after the last is not in it
}

TEST(Groups, AreBrokenOffByAStepThatEndsTheIteration) {
    UserClass user = user_of(2);
    user.steps[0].on_fail = OnFail::NextIteration;
    user.flow.ops = {{Op::Kind::GroupBegin, 0, 0, 0},
                     {Op::Kind::Request, 0, 0, 0},
                     {Op::Kind::Request, 1, 0, 0},
                     {Op::Kind::GroupEnd, 0, 0, 0},
                     {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(per_vu(1, 3, 1h), user), [](const Sent& one) {
        return Reply{1s, one.iteration == 1 ? Outcome::Http5xx : Outcome::Ok};
    });
    world.run();
    EXPECT_EQ(world.recorded().groups[0].count, 2U);
    EXPECT_EQ(world.recorded().groups[0].broken_off, 1U);
}

TEST(Groups, AreCutOffAtTheirAge) {
    UserClass user = user_of();
    user.flow.ops = {{Op::Kind::GroupBegin, 0, 0, 0},
                     {Op::Kind::Request, 0, 0, 0},
                     {Op::Kind::GroupEnd, 0, 0, 0},
                     {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(vus(1, 1h), user), takes(kNever));
    world.run(90s);
    world.abort();
    const GroupStats& group = world.recorded().groups[0];
    EXPECT_EQ(group.count, 1U);
    EXPECT_EQ(group.duration.sum(), 90s);
    EXPECT_EQ(group.censored.count(), 1U);
}

TEST(Setbacks, HoldALoopingUserBackLongerAndLonger) {
    World world(scenario_of(vus(1, 5s)), [](const Sent&) {
        return Reply{0s, Outcome::ConnectRefused};
    });
    world.run();
    // 10, 20, 40 ... 640 ms, then 1 s each time: see their sums.
    EXPECT_EQ(times_of(world),
              (Dues{0ms, 10ms, 30ms, 70ms, 150ms, 310ms, 630ms, 1270ms, 2270ms, 3270ms, 4270ms}));
    EXPECT_EQ(world.dues(), times_of(world));  // it is in no latency
}

TEST(Setbacks, AreForgottenWithTheNextRequestThatLeaves) {
    World world(scenario_of(vus(1, 200ms)), [](const Sent& one) {
        return one.iteration == 3 ? Reply{5ms} : Reply{0s, Outcome::ConnectRefused};
    });
    world.run();
    // 0, +10, +20, +40 (answered in 5 ms), then 10 and 20 and 40 anew.
    EXPECT_EQ(times_of(world), (Dues{0ms, 10ms, 30ms, 70ms, 75ms, 85ms, 105ms, 145ms}));
}

TEST(Setbacks, DoNotHoldArrivalsBack) {
    World world(scenario_of(arrivals(100, 1s, 1)), [](const Sent&) {
        return Reply{0s, Outcome::ConnectRefused};
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 100U);  // by one user: it is free again each time
    EXPECT_EQ(world.counts().not_sent(), 0U);
}

TEST(Setbacks, HoldAnIterationBackThatSendsNothing) {
    UserClass user = user_of();
    user.flow.ops = {{Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(vus(1, 5s), user), takes(1s));
    world.run();
    // At 0, 10, 30, 70, 150, 310, 630, 1,270, 2,270, 3,270 and 4,270 ms.
    EXPECT_EQ(world.counts().iterations_completed, 11U);
    EXPECT_EQ(world.sent.size(), 0U);
}

TEST(Unrendered, EndsTheIterationEvenWhereAFailureWouldNot) {
    World world(scenario_of(per_vu(1, 2, 1h), user_of(3)), [](const Sent& one) {
        Reply reply{1s};
        reply.unrendered = one.step == 1;
        return reply;
    });
    world.run();
    EXPECT_EQ(world.sent.size(), 2U);
    EXPECT_EQ(world.counts().steps_unrendered, 2U);
    EXPECT_EQ(world.counts().iterations_cut_short, 2U);
    ASSERT_EQ(world.recorded().errors.size(), 1U);
    EXPECT_EQ(world.recorded().errors[0].text, "not sent: token has no value");
}

}  // namespace
}  // namespace plimsoll
