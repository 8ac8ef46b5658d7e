// Over random scenarios, in every state: no arrival and no iteration is lost from the books.
#include "tests/unit/engine/users/simulated_users.hpp"

#include <array>

namespace plimsoll {
namespace {

using namespace test;

/// Chance by a seed, so that a failure can be had again.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_(seed, 7, 7) {}
    std::uint64_t below(std::uint64_t count) { return random_.between(0, count - 1); }
    bool one_in(std::uint64_t count) { return below(count) == 0; }
    Nanoseconds up_to(Nanoseconds most) {
        return Nanoseconds(static_cast<std::int64_t>(
            random_.between(0, static_cast<std::uint64_t>(most.count()))));
    }

private:
    Random random_;
};

OnFail any_on_fail(Dice& dice) {
    return std::array{OnFail::Continue, OnFail::Continue, OnFail::NextIteration,
                      OnFail::StopUser}[dice.below(4)];
}

UserClass any_user(Dice& dice) {
    UserClass user = user_of(5);
    for (Step& step : user.steps) {
        step.on_fail = any_on_fail(dice);
    }
    if (dice.one_in(2)) {
        user.think = {Think::Kind::Uniform, 0s, dice.up_to(3s)};
    }
    if (dice.one_in(3)) {
        user.pacing = dice.up_to(5s);
    }
    if (dice.one_in(3)) {
        Check body;
        body.id = kUncounted;
        body.op = Check::Op::Size;
        body.low = 1;
        body.high = 1e9;
        user.steps[1].until = Until{{body}, dice.up_to(1s), 3};
    }
    const Op end{Op::Kind::End, 0, 0, 0};
    user.flow.ops = {{Op::Kind::Request, 1, 0, 0}, end};
    if (dice.one_in(2)) {
        const auto connections = static_cast<std::uint32_t>(1 + dice.below(3));
        user.flow.ops.insert(user.flow.ops.begin(), {{Op::Kind::GroupBegin, 0, 0, 0},
                                                     {Op::Kind::Parallel, 1, 3, connections},
                                                     {Op::Kind::GroupEnd, 0, 0, 0}});
    }
    if (dice.one_in(3)) {
        user.start.ops = {{Op::Kind::Request, 0, 0, 0}, end};
    }
    if (dice.one_in(3)) {
        user.stop.ops = {{Op::Kind::Request, 4, 0, 0}, end};
    }
    return user;
}

Ramp any_ramp(Dice& dice, std::uint64_t most) {
    std::vector<Ramp::Stage> stages;
    for (std::uint64_t i = 0; i <= dice.below(4); ++i) {
        stages.push_back({1s + dice.up_to(20s), static_cast<double>(dice.below(most + 1))});
    }
    return {static_cast<double>(dice.below(most + 1)), std::move(stages)};
}

Executor any_executor(Dice& dice, ExecutorKind kind) {
    const std::uint64_t most = is_open(kind) ? 20 : 8;
    Ramp ramp = any_ramp(dice, most);
    if (kind == ExecutorKind::ConstantArrivalRate || kind == ExecutorKind::ConstantVus ||
        is_counted(kind) || is_steered(kind)) {
        ramp = Ramp::constant(static_cast<double>(1 + dice.below(most)), ramp.duration());
    }
    Executor executor = executor_of(
        kind, ramp,
        is_open(kind) || is_steered(kind) ? static_cast<std::uint32_t>(1 + dice.below(8)) : 0);
    executor.max_vus = std::max<std::uint32_t>(executor.max_vus,
                                               kind == ExecutorKind::ExternallyControlled ? 8 : 1);
    executor.iterations = 1 + dice.below(50);
    executor.start_time = dice.one_in(3) ? dice.up_to(10s) : 0s;
    executor.graceful_stop = dice.up_to(6s);
    executor.graceful_ramp_down = dice.up_to(3s);
    executor.arrivals = dice.one_in(2) ? ArrivalProcess::Poisson : ArrivalProcess::Uniform;
    return executor;
}

Reply any_reply(Dice& dice) {
    Reply reply;
    reply.after = dice.one_in(8) ? 0s : dice.one_in(30) ? kNever : dice.up_to(3s);
    reply.outcome = std::array{Outcome::Ok,
                               Outcome::Ok,
                               Outcome::Ok,
                               Outcome::Http5xx,
                               Outcome::ConnectRefused,
                               Outcome::ResponseTimeout}[dice.below(6)];
    reply.body_bytes = dice.below(2);
    reply.unrendered = dice.one_in(20);
    return reply;
}

/// In any state, also between one order and the next.
void expect_closed_books(World& world, bool looping) {
    const LoadCounts& counts = world.counts();
    const auto at = [&](Errand errand) {
        return world.count(
            [&](const User& user) { return user.busy && user.errand == errand && !user.between; });
    };
    if (!looping) {
        EXPECT_EQ(counts.arrivals_due, counts.iterations_started + counts.not_sent() +
                                           counts.out_of_data + counts.starts_failed +
                                           world.cut_starts + at(Errand::Start));
    }
    EXPECT_EQ(counts.iterations_started, counts.iterations_completed + counts.iterations_cut_short +
                                             world.cut_iterations + at(Errand::Iteration));
}

/// Where all orders have been carried out, also these.
void expect_closed_accounts(World& world, bool looping) {
    expect_closed_books(world, looping);
    EXPECT_EQ(world.sent.size(), world.samples.size() + world.cut_requests + world.under_way());
    EXPECT_EQ(world.users(), world.count([](const User& user) { return user.busy; }));
}

/// Runs one scenario, now and then late, stopped or aborted, and looks at its books all the time.
void keep_books_of(ExecutorKind kind, std::uint64_t seed) {
    SCOPED_TRACE(testing::Message() << to_string(kind) << ", seed " << seed);
    Dice dice(seed);
    Scenario scenario = scenario_of(any_executor(dice, kind), any_user(dice));
    if (dice.one_in(3)) {
        scenario.users.push_back(any_user(dice));
    }
    const bool looping = !is_open(kind) && !is_counted(kind);
    World world(scenario, [&](const Sent&) { return any_reply(dice); }, {0, 1, 100ms, {}});
    world.after_each = [&] { expect_closed_books(world, looping); };
    const auto look = [&] { expect_closed_accounts(world, looping); };
    const Nanoseconds length = scenario.load[0].ramp.duration() + scenario.load[0].start_time;
    Nanoseconds until{};
    while (!world.over() && !testing::Test::HasFailure()) {
        until = std::max(until, world.now()) + dice.up_to(2s);
        world.run(until);
        look();
        if (dice.one_in(6)) {
            world.sleep(world.now() + dice.up_to(3s));
            world.turn();
            look();
        }
        if (is_steered(kind) && dice.one_in(4) && world.now() < length) {
            world.set_level(static_cast<double>(dice.below(9)));
            look();
        }
        if (dice.one_in(40)) {
            world.stop_gracefully();
            look();
        } else if (dice.one_in(60)) {
            world.abort();
            look();
        }
    }
    EXPECT_TRUE(world.over());
    EXPECT_EQ(world.under_way(), 0U);
    EXPECT_EQ(world.users(), 0U);
}

class Books : public testing::TestWithParam<ExecutorKind> {};

TEST_P(Books, CloseInEveryStateOfAnyScenario) {
    for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
        keep_books_of(GetParam(), seed);
    }
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, Books,
    testing::Values(ExecutorKind::ConstantVus, ExecutorKind::RampingVus,
                    ExecutorKind::ConstantArrivalRate, ExecutorKind::RampingArrivalRate,
                    ExecutorKind::PerVuIterations, ExecutorKind::SharedIterations,
                    ExecutorKind::ExternallyControlled, ExecutorKind::ExternallyControlledRate));

/// The area under a ramp until `at`, by trapezoids: not by Ramp::integral.
double area(const Ramp& ramp, Nanoseconds at) {
    double level = ramp.start();
    double sum = 0;
    Nanoseconds from{};
    for (const Ramp::Stage& stage : ramp.stages()) {
        const double length = to_seconds(stage.duration);
        const double part = std::clamp(to_seconds(at - from), 0.0, length);
        const double reached = level + (stage.target - level) * part / length;
        sum += part * (level + reached) / 2;
        from += stage.duration;
        level = stage.target;
    }
    return sum;
}

TEST(Books, HoldAsManyArrivalsAsTheAreaUnderTheRamp) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        Dice dice(seed);
        Executor executor = any_executor(dice, ExecutorKind::RampingArrivalRate);
        executor.arrivals = ArrivalProcess::Uniform;
        executor.start_time = 0s;
        const Ramp ramp = executor.ramp;
        World world(scenario_of(executor), [&](const Sent&) { return any_reply(dice); });
        for (Nanoseconds at = 0s; at <= ramp.duration(); at += 250ms + dice.up_to(1s)) {
            world.run(at);
            EXPECT_NEAR(static_cast<double>(world.counts().arrivals_due), area(ramp, at), 1.001);
        }
    }
}

}  // namespace
}  // namespace plimsoll
