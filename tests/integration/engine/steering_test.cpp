// Levels that are set while the engine runs.
#include "tests/integration/engine/engine_run.hpp"

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Answer;
using test::ok_response;
using test::ScriptedServer;
using ::testing::HasSubstr;

Executor steered(ExecutorKind kind, double level, std::uint32_t max_vus, Nanoseconds duration) {
    Executor executor;
    executor.name = "steered";
    executor.kind = kind;
    executor.ramp = Ramp::constant(level, duration);
    executor.max_vus = max_vus;
    return executor;
}

TEST(Steering, MakesExactlyTheArrivalsOfTheRatesThatWereSet) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario =
        scenario_for(server, steered(ExecutorKind::ExternallyControlledRate, 100, 300, 1500ms));
    scenario.users[0].steps[0].path =
        *Template::compile("/${iteration}", [](const char*) -> const char* { return nullptr; });
    std::vector<LevelChange> changes;
    std::vector<StageInfo> stages;
    const Outcomes out = run(scenario, 3, 0, [&](Engine& engine) {
        for (const double rate : {400.0, 0.0, 250.0}) {
            std::this_thread::sleep_for(250ms);
            const auto changed = engine.set_rate(0, Rate::per_second(rate));
            ASSERT_TRUE(changed) << changed.error().to_string();
            EXPECT_EQ(engine.level(0), rate);
            changes.push_back(*changed);
        }
        stages = engine.steered(0).stages;
    });
    // The integral of the rate from the engine's own record of what was set when.
    double expected = 0;
    double rate = 100;
    Nanoseconds since{};
    changes.push_back({1500ms, 0});
    for (const LevelChange& change : changes) {
        expected += rate * to_seconds(change.at - since);
        rate = change.level;
        since = change.at;
    }
    EXPECT_NEAR(static_cast<double>(out.last->total_counts.arrivals_due), expected, 1.0);
    // Each number once, none left out.
    std::vector<std::uint64_t> numbers;
    for (const std::string& request : server.seen()) {
        numbers.push_back(std::stoull(request.substr(request.find('/') + 1)));
    }
    std::sort(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        ASSERT_EQ(numbers[i], i);
    }
    EXPECT_EQ(numbers.size(), out.last->total_counts.arrivals_due);
    ASSERT_EQ(stages.size(), 7U);
    EXPECT_EQ(stages[1].from, changes[0].at);
    EXPECT_EQ(stages[1].to, changes[0].at);
    EXPECT_EQ(stages[2].target, 400);
    EXPECT_EQ(stages[6].to, 1500ms);
    EXPECT_EQ(stages[6].target, 250);
}

TEST(Steering, StartsAndEndsUsers) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 2ms}; });
    const Scenario scenario =
        scenario_for(server, steered(ExecutorKind::ExternallyControlled, 2, 10, 1200ms));
    const Outcomes out = run(scenario, 2, 0, [&](Engine& engine) {
        std::this_thread::sleep_for(300ms);
        EXPECT_TRUE(engine.set_users(0, 9));
        std::this_thread::sleep_for(300ms);
        EXPECT_TRUE(engine.set_users(0, 0));
        EXPECT_THAT(engine.set_users(0, 11).error().to_string(), HasSubstr("max_vus of 10"));
    });
    std::vector<std::uint32_t> alive;
    std::vector<double> asked;
    for (const SnapshotPtr& snapshot : out.all) {
        alive.push_back(snapshot->state.users);
        asked.push_back(snapshot->executors[0].offered);
    }
    EXPECT_EQ(alive.front(), 2U);
    EXPECT_EQ(*std::max_element(alive.begin(), alive.end()), 9U);
    EXPECT_EQ(alive.back(), 0U);
    EXPECT_EQ(asked.front(), 2);
    EXPECT_EQ(*std::max_element(asked.begin(), asked.end()), 9);
    EXPECT_EQ(asked[asked.size() - 2], 0);
    EXPECT_EQ(server.connections(), 9U + 1U);
}

TEST(Steering, RefusesWhatIsNotControlledSo) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(50, 200ms));
    scenario.load.push_back(steered(ExecutorKind::ExternallyControlledRate, 50, 20, 200ms));
    run(scenario, 1, 0, [&](Engine& engine) {
        EXPECT_FALSE(engine.set_rate(0, Rate::per_second(5)));
        EXPECT_FALSE(engine.set_users(1, 5));
        EXPECT_FALSE(engine.set_rate(7, Rate::per_second(5)));
        std::this_thread::sleep_for(300ms);
        EXPECT_THAT(engine.set_rate(1, Rate::per_second(5)).error().to_string(),
                    HasSubstr("is over"));
    });
}

TEST(EarlyEnd, AsksForNothingAnyMore) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Executor counted = users(4, 10min);
    counted.kind = ExecutorKind::SharedIterations;
    counted.iterations = 8;
    Scenario scenario = scenario_for(server, counted);
    scenario.load.push_back(users(1, 700ms));
    const Outcomes out = run(scenario, 2);
    const auto& states = out.all;
    ASSERT_GE(states.size(), 5U);
    EXPECT_EQ(states[0]->executors[0].offered, 4);
    EXPECT_EQ(states[3]->executors[0].offered, 0);
    EXPECT_EQ(states[3]->executors[0].stage, 1U);
    EXPECT_EQ(states[3]->executors[1].offered, 1);
    EXPECT_EQ(out.last->total_counts.arrivals_due, 8U);
}

TEST(EarlyEnd, CountsIterationsThatTimeDidNotAllowAsDueAndNotSent) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 300ms}; });
    Executor counted = users(2, 400ms);
    counted.kind = ExecutorKind::PerVuIterations;
    counted.iterations = 20;
    const Outcomes out = run(scenario_for(server, counted), 2);
    const LoadCounts& counts = out.last->total_counts;
    EXPECT_EQ(counts.arrivals_due, 40U);
    EXPECT_EQ(counts.iterations_started + counts.not_sent_user_cap, counts.arrivals_due);
    EXPECT_GT(counts.not_sent_user_cap, 30U);
}

}  // namespace
}  // namespace plimsoll
