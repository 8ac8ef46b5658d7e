#include "analysis/closed_loop.hpp"

#include "synthetic_analysis.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::milliseconds;

/// One executor of looping users; each stage with a constant number of them.
class Loop {
public:
    Loop() {
        data_.info.executors.resize(1);
        data_.info.executors.front().open = false;
        data_.info.endpoints = {{"client", "/posts", "GET"}};
    }
    void stage(double users, double rate, milliseconds response, double seconds = 60) {
        StageFacts stage;
        stage.held = true;
        stage.seconds = seconds;
        stage.users_seconds = users * seconds;
        stage.stats.requests = static_cast<std::uint64_t>(rate * seconds + 0.5);
        stage.stats.response.record_n(response, stage.stats.requests);
        data_.stages.push_back(stage);
    }
    RunData& data() { return data_; }

private:
    RunData data_;
};

TEST(ThinkTime, ContradictsAReportWhoseUsersWereNotAllCycling) {
    Loop loop;
    loop.stage(50, 16.89, milliseconds(93));
    loop.stage(100, 15.38, milliseconds(1122));
    loop.data().counts.interrupted = 39;
    const auto check = check_think_time(loop.data());
    ASSERT_TRUE(check.has_value());
    EXPECT_FALSE(check->ok);
    EXPECT_FALSE(check->decisive);
    // 50/16.89 - 0.093 = 2.867; 100/15.38 - 1.122 = 5.380; against the cycle of 6.502 s
    EXPECT_NEAR(check->value, (5.380 - 2.867) / 6.502, 0.003);
    EXPECT_NE(check->why.find("2.87 s at 50 users and 5.38 s at 100"), std::string::npos)
        << check->why;
    EXPECT_NE(check->why.find("39 requests"), std::string::npos) << check->why;
}

TEST(ThinkTime, IsTheSameAtEveryLoadWhereUsersCycle) {
    // N = X (R + Z) with Z = 2 s
    Loop loop;
    loop.stage(10, 10 / 2.05, milliseconds(50));
    loop.stage(100, 100 / 5.0, milliseconds(3000));
    const auto check = check_think_time(loop.data());
    ASSERT_TRUE(check.has_value());
    EXPECT_TRUE(check->ok) << check->why;
    EXPECT_LT(check->value, 0.01);
}

TEST(ThinkTime, LeavesPacedUsersAlone) {
    // One request a second of each user, however long it takes.
    Loop loop;
    loop.stage(10, 10, milliseconds(50));
    loop.stage(50, 50, milliseconds(700));
    EXPECT_TRUE(check_think_time(loop.data())->ok);
}

TEST(ThinkTime, IsNotJudgedWhereItMayRightlyChange) {
    Loop two_classes;
    two_classes.stage(50, 16.89, milliseconds(93));
    two_classes.stage(100, 15.38, milliseconds(1122));
    two_classes.data().info.endpoints.push_back({"other", "/posts", "GET"});
    EXPECT_FALSE(check_think_time(two_classes.data()).has_value());
    Loop open;
    open.stage(50, 16.89, milliseconds(93));
    open.stage(100, 15.38, milliseconds(1122));
    open.data().info.executors.front().open = true;
    EXPECT_FALSE(check_think_time(open.data()).has_value());
    Loop one_stage;
    one_stage.stage(50, 16.89, milliseconds(93));
    EXPECT_FALSE(check_think_time(one_stage.data()).has_value());
}

TEST(ThinkTime, HoldsForSimulatedUsers) {
    synthetic::Options options;
    options.open = false;
    options.start = 10;
    options.pool = 4;
    options.think_s = 0.5;
    options.stages = {{30, 10}, {1, 60}, {30, 60}};
    Analysed run = analysed(options);
    for (EndpointInfo& endpoint : run.data.info.endpoints) {
        endpoint.user = "client";
    }
    const auto check = check_think_time(run.data);
    ASSERT_TRUE(check.has_value());
    EXPECT_TRUE(check->ok) << check->why;
    ASSERT_EQ(run.analysis.stages.size(), 3U);
    EXPECT_TRUE(run.analysis.stages[0].held);
    EXPECT_FALSE(run.analysis.stages[1].held);
    const StageEndpointResult& base = run.analysis.stages[0].endpoints.at(0);
    const StageEndpointResult& last = run.analysis.stages[2].endpoints.at(0);
    EXPECT_FALSE(base.change.has_value());
    EXPECT_NEAR(*last.change, last.mean_s / base.mean_s - 1, 1e-12);
    EXPECT_NEAR(base.min_s, 0.022, 0.001);  // hold 20 ms and application 2 ms
}

}  // namespace
}  // namespace plimsoll
