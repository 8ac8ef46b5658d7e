// Begins: caps, late loops, shards, data, what is told to whom.
#include "tests/unit/engine/users/simulated_users.hpp"

namespace plimsoll {
namespace {

using namespace test;

using Dues = std::vector<Nanoseconds>;

/// `rows` rows with the column `id`, in which row r holds r.
class Numbers : public DataSource {
public:
    Numbers(std::uint64_t rows, DataPick how) : rows_(rows) {
        name_ = "numbers";
        pick_ = how;
        columns_ = {"id"};
    }
    [[nodiscard]] std::uint64_t rows() const noexcept override { return rows_; }
    void append(std::uint64_t row, std::uint32_t, std::string& out) const override {
        out += std::to_string(row);
    }

private:
    std::uint64_t rows_;
};

Scenario reading(Executor executor, std::uint64_t rows, DataPick how) {
    Scenario scenario = scenario_of(std::move(executor));
    scenario.data = {std::make_shared<Numbers>(rows, how)};
    TemplateScope scope;
    scope.data = scenario.data;
    scenario.users[0].steps[0].path = *Template::compile("/${numbers.id}", scope);
    return scenario;
}

TEST(UserCap, LeavesOutArrivalsThatFindNobodyFree) {
    World world(scenario_of(arrivals(1, 60s, 2)), takes(9'500ms));
    world.run();
    // Two users, each with an arrival every 10 s: those at 0, 1, 10, 11, 20, 21 ... s.
    EXPECT_EQ(world.sent.size(), 12U);
    EXPECT_EQ(world.sent[2].due, 10s);
    EXPECT_EQ(world.counts().arrivals_due, 60U);
    EXPECT_EQ(world.counts().not_sent_user_cap, 48U);
    EXPECT_EQ(world.counts().not_sent_generator, 0U);
}

TEST(UserCap, OfWhatLittlesLawAsksForLeavesNothingOut) {
    // 20 per s · 2.5 s are 50 users at once.
    World enough(scenario_of(arrivals(20, 60s, 50)), takes(2'499ms));
    enough.run();
    EXPECT_EQ(enough.counts().not_sent(), 0U);
    World one_less(scenario_of(arrivals(20, 60s, 49)), takes(2'499ms));
    one_less.run();
    // Of each 50 arrivals one finds nobody.
    EXPECT_EQ(one_less.counts().not_sent_user_cap, 24U);
}

TEST(UserCap, IsNotReachedByAUserWhoseRequestFailsAtOnce) {
    World world(scenario_of(arrivals(1'000, 1s, 1)), [](const Sent&) {
        return Reply{0s, Outcome::NoPorts};
    });
    world.sleep(10ms);  // ten arrivals are due
    world.turn();
    EXPECT_EQ(world.sent.size(), 11U);
    EXPECT_EQ(world.counts().not_sent(), 0U);
}

TEST(UserCap, OfAShardIsItsShare) {
    // Ten users over three shards: 4, 3, 3.
    std::vector<std::size_t> sent;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        World world(scenario_of(arrivals(30, 10s, 10)), takes(kNever), {shard, 3, 10ms, {}});
        world.run(5s);
        sent.push_back(world.sent.size());
    }
    EXPECT_EQ(sent, (std::vector<std::size_t>{4, 3, 3}));
}

TEST(LateLoop, BeginsSixteenArrivalsAtOnce) {
    World world(scenario_of(arrivals(1'000, 10s)), takes(1ms));
    world.sleep(100ms);  // 0 ... 100 ms: 101 are due
    world.turn();
    EXPECT_EQ(world.sent.size(), 16U);
    EXPECT_LE(world.wake_at(), 100ms);  // there are more
    world.turn();
    EXPECT_EQ(world.sent.size(), 32U);
    for (int turn = 0; turn < 5; ++turn) {
        world.turn();
    }
    EXPECT_EQ(world.sent.size(), 101U);
    EXPECT_EQ(world.wake_at(), 101ms);
}

TEST(LateLoop, KeepsEachArrivalsDueTime) {
    World world(scenario_of(arrivals(100, 1s)), takes(1ms));
    world.sleep(505ms);
    world.run();
    ASSERT_EQ(world.sent.size(), 100U);
    for (std::size_t i = 0; i < 100; ++i) {
        EXPECT_EQ(world.sent[i].due, i * 10ms);
        EXPECT_EQ(world.sent[i].at, std::max<Nanoseconds>(505ms, i * 10ms));
    }
    // Latencies are from the due time: the first waited 505 ms before it was sent.
    EXPECT_EQ(world.samples[0].completed - world.samples[0].due, 506ms);
}

TEST(LateLoop, StillSendsWhatIsOverdueByASecond) {
    World world(scenario_of(arrivals(100, 1s)), takes(1ms));
    world.sleep(1'900ms);
    world.run();
    EXPECT_EQ(world.sent.size(), 100U);
    EXPECT_EQ(world.counts().not_sent(), 0U);
}

TEST(LateLoop, GivesUpWhatIsOverdueByMore) {
    World world(scenario_of(arrivals(100, 1s)), takes(1ms));
    world.sleep(2'001ms);
    world.run();
    EXPECT_EQ(world.sent.size(), 16U);
    EXPECT_EQ(world.counts().arrivals_due, 100U);
    EXPECT_EQ(world.counts().not_sent_generator, 84U);
}

TEST(LateLoop, HasRampedUsersDueWhenTheRampAskedForThem) {
    World world(scenario_of(ramping_vus(0, {{0s, 4}, {10s, 4}})), takes(1s));
    world.sleep(300ms);
    world.run(500ms);
    ASSERT_EQ(world.sent.size(), 4U);
    for (const Sent& each : world.sent) {
        EXPECT_EQ(each.due, 0s);
        EXPECT_EQ(each.at, 300ms);
    }
}

TEST(LateLoop, HasThinkingUsersDueWhenTheirTimeCame) {
    UserClass user = user_of(2);
    user.think = constant(1s);
    World world(scenario_of(vus(1, 1h), user), takes(1s));
    world.run(1'500ms);  // thinks until 2 s
    world.sleep(2'700ms);
    world.turn();
    ASSERT_EQ(world.sent.size(), 2U);
    EXPECT_EQ(world.sent[1].due, 2s);
    EXPECT_EQ(world.sent[1].at, 2'700ms);
}

TEST(WakeAt, IsTheNextDueTime) {
    World world(scenario_of(arrivals(4, 1s)), takes(1ms));
    EXPECT_EQ(world.wake_at(), 0s);
    world.turn();
    EXPECT_EQ(world.wake_at(), 250ms);
    world.run(900ms);
    EXPECT_EQ(world.wake_at(), 1s);  // the end
    world.run();
    EXPECT_EQ(world.wake_at(), Nanoseconds::max());
}

TEST(WakeAt, IsTheFirstThinkersTime) {
    UserClass user = user_of(2);
    user.steps[0].think = constant(5s);
    World world(scenario_of(vus(2, 1h), user),
                [](const Sent& one) { return Reply{one.user == 0 ? 2s : 1s}; });
    world.run(3s);
    EXPECT_EQ(world.wake_at(), 6s);  // user 1: 1 + 5
    world.run(6'500ms);
    EXPECT_EQ(world.wake_at(), 7s);  // user 0: 2 + 5
}

TEST(WakeAt, IsTheBeginOfALaterExecutor) {
    Executor executor = arrivals(1, 10s);
    executor.start_time = 42s;
    World world(scenario_of(executor), takes(1ms));
    EXPECT_EQ(world.wake_at(), 42s);
    world.run(43s);
    EXPECT_EQ(world.dues(), (Dues{42s, 43s}));
}

TEST(Shards, TakeEachArrivalOnce) {
    std::vector<std::uint64_t> all;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        World world(scenario_of(arrivals(10, 10s, 30)), takes(1ms), {shard, 3, 10ms, {}});
        world.run();
        for (const Sent& each : world.sent) {
            EXPECT_EQ(each.iteration % 3, shard);
            EXPECT_EQ(each.due, each.iteration * 100ms);
            all.push_back(each.iteration);
        }
    }
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), 100U);
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

TEST(Shards, TakeEachUserOnce) {
    std::vector<std::uint32_t> all;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        World world(scenario_of(vus(8, 1s)), takes(2s), {shard, 3, 10ms, {}});
        world.run();
        for (const Sent& each : world.sent) {
            all.push_back(each.user);
        }
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Shards, TakeEachSharedIterationOnce) {
    std::vector<std::uint64_t> all;
    for (std::uint32_t shard = 0; shard < 3; ++shard) {
        World world(scenario_of(shared(7, 100, 1h)), takes(1s), {shard, 3, 10ms, {}});
        world.run();
        for (const Sent& each : world.sent) {
            all.push_back(each.iteration);
        }
    }
    std::sort(all.begin(), all.end());
    ASSERT_EQ(all.size(), 100U);
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
    EXPECT_EQ(all.back(), 99U);
}

TEST(Shards, WithoutAUserOfTheirOwnHaveNothingToDo) {
    World world(scenario_of(arrivals(10, 10s, 2)), takes(1ms), {2, 3, 10ms, {}});
    world.run();
    EXPECT_EQ(world.counts().arrivals_due, 0U);
    EXPECT_EQ(world.now(), 10s);
}

TEST(UserClasses, HaveTheirShareOfArrivals) {
    Scenario scenario = scenario_of(arrivals(10, 1min));
    scenario.users.push_back(user_of());
    scenario.users[0].weight = 3;
    scenario.users[1].weight = 1;
    World world(scenario, takes(1ms));
    world.run();
    EXPECT_EQ(std::count_if(world.sent.begin(), world.sent.end(),
                            [](const Sent& each) { return each.user_class == 1; }),
              150);
}

TEST(UserClasses, WithAStartKeepTheirUsers) {
    Scenario scenario = scenario_of(arrivals(10, 10s));
    scenario.users.push_back(user_of(2));
    UserClass& second = scenario.users[1];
    second.start.ops = {{Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    second.flow.ops = {{Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario, takes(10ms));
    world.run();
    // One at a time suffices: one user of each class, of which the second logs in once.
    EXPECT_EQ(std::count_if(world.sent.begin(), world.sent.end(),
                            [](const Sent& each) { return each.errand == Errand::Start; }),
              1);
    EXPECT_EQ(world.counts().iterations_completed, 100U);
}

TEST(UserStart, ComesBeforeTheFirstIterationAlone) {
    UserClass user = user_of(2);
    user.start.ops = {{Op::Kind::Request, 0, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    user.flow.ops = {{Op::Kind::Request, 1, 0, 0}, {Op::Kind::End, 0, 0, 0}};
    World world(scenario_of(vus(2, 10s), user), takes(3s));
    world.run();
    std::vector<std::uint32_t> steps;
    for (const Sent& each : world.sent) {
        if (each.user == 0) {
            steps.push_back(each.step);
        }
    }
    EXPECT_EQ(steps, (std::vector<std::uint32_t>{0, 1, 1, 1}));
}

TEST(Data, ThatIsUniqueStopsUsersWhenItIsUsedUp) {
    std::vector<std::string> notes;
    World::Setting setting;
    setting.tell.on_note = [&](std::string note) { notes.push_back(std::move(note)); };
    World world(reading(vus(2, 1h), 10, DataPick::Unique), takes(1s), std::move(setting));
    world.run();
    EXPECT_EQ(world.sent.size(), 10U);
    EXPECT_EQ(world.counts().out_of_data, 2U);
    EXPECT_EQ(world.counts().users_stopped, 2U);
    EXPECT_EQ(world.now(), 5s);
    EXPECT_EQ(notes,
              std::vector<std::string>{"numbers: all 10 rows are used; users that need one stop"});
}

TEST(Data, ThatIsUniqueLeavesArrivalsOut) {
    World world(reading(arrivals(10, 10s), 40, DataPick::Unique), takes(1ms));
    world.run();
    EXPECT_EQ(world.counts().arrivals_due, 100U);
    EXPECT_EQ(world.counts().iterations_started, 40U);
    EXPECT_EQ(world.counts().out_of_data, 60U);
}

TEST(Data, ThatGoesRoundNeverEnds) {
    World world(reading(per_vu(2, 50, 1h), 3, DataPick::Sequential), takes(1s));
    world.run();
    EXPECT_EQ(world.counts().iterations_completed, 100U);
    EXPECT_EQ(world.counts().out_of_data, 0U);
}

TEST(Connections, AreClosedWhenAUserLeaves) {
    World world(scenario_of(per_vu(5, 2, 1h)), takes(1s));
    world.run();
    EXPECT_EQ(world.closed, 5U);
}

TEST(Connections, OfParkedUsersStand) {
    World world(scenario_of(arrivals(10, 10s)), takes(10ms));
    world.run(9'950ms);
    EXPECT_EQ(world.closed, 0U);
}

TEST(Memory, OfCookiesLastsAsLongAsTheScenarioSays) {
    for (const CookiePolicy policy : {CookiePolicy::Iteration, CookiePolicy::User}) {
        Scenario scenario = scenario_of(vus(1, 1h));
        scenario.http.cookies = policy;
        World world(scenario, takes(1s));
        world.run(500ms);
        const auto memory_is = [&](std::uint32_t memory) {
            return world.count([&](const User& user) { return user.memory == memory; }) == 1;
        };
        const std::uint32_t each = policy == CookiePolicy::Iteration ? 1 : 0;
        EXPECT_TRUE(memory_is(each));
        world.run(9'500ms);  // the tenth iteration
        EXPECT_TRUE(memory_is(10 * each));
    }
}

TEST(Steering, CountsItsSteps) {
    World world(
        scenario_of(executor_of(ExecutorKind::ExternallyControlled, Ramp::constant(0, 1h), 10)),
        takes(1s));
    world.run(1s);
    world.set_level(3);
    world.run(2s);
    world.set_level(8);
    world.run(3s);
    EXPECT_EQ(world.users(), 8U);
    EXPECT_EQ(world.recorded().parts[0].steps, 2U);
    EXPECT_EQ(world.recorded().parts[0].level, 8);
}

TEST(Steering, LeavesOtherExecutorsAsTheyAre) {
    World world(scenario_of(vus(2, 10s)), takes(1s));
    world.run(1'500ms);
    world.set_level(50);
    world.set_level(50, 0);
    world.run(5'500ms);
    EXPECT_EQ(world.users(), 2U);
}

TEST(Steering, ToNothingAndBackMakesNoArrivalTwice) {
    World world(scenario_of(executor_of(ExecutorKind::ExternallyControlledRate,
                                        Ramp::constant(10, 1h), 50)),
                takes(10ms), {0, 1, 1s, {}});
    world.run(9'950ms);  // 100 arrivals
    world.set_level(0);
    world.run(30min);
    EXPECT_EQ(world.sent.size(), 100U);
    world.set_level(10);
    world.run(30min + 10s);
    for (std::size_t i = 0; i < world.sent.size(); ++i) {
        EXPECT_EQ(world.sent[i].iteration, i);
    }
    EXPECT_NEAR(static_cast<double>(world.sent.size()), 200, 1);
}

}  // namespace
}  // namespace plimsoll
