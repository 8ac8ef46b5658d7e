#include "analysis/load_level.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::seconds;

// 10/s to 70/s in 30 s, at 70/s for 10 s, a step to 20/s for 20 s.
ExecutorInfo executor(bool open = true) {
    return {"main",
            ExecutorKind::RampingArrivalRate,
            open,
            10,
            {{seconds(0), seconds(30), 70},
             {seconds(30), seconds(40), 70},
             {seconds(40), seconds(40), 20},
             {seconds(40), seconds(60), 20}},
            0};
}

TEST(LoadLevel, IsLinearFromStageToStage) {
    EXPECT_DOUBLE_EQ(level_at(executor(), 0), 10);
    EXPECT_DOUBLE_EQ(level_at(executor(), 15), 40);
    EXPECT_DOUBLE_EQ(level_at(executor(), 35), 70);
    EXPECT_DOUBLE_EQ(level_at(executor(), 40), 20);
    EXPECT_DOUBLE_EQ(level_at(executor(), 60), 0);
    EXPECT_DOUBLE_EQ(level_at(executor(), -1), 0);
}

TEST(LoadLevel, HasTheTrapezoidsMean) {
    EXPECT_DOUBLE_EQ(mean_level(executor(), 0, 30), 40);
    EXPECT_DOUBLE_EQ(mean_level(executor(), 20, 40), (60 * 10 + 70 * 10) / 20.0);
    EXPECT_DOUBLE_EQ(mean_level(executor(), 0, 60), (1200 + 700 + 400) / 60.0);
    EXPECT_DOUBLE_EQ(mean_level(executor(), 60, 60), 0);
}

TEST(LoadLevel, OfARunIsTheSumOfItsOpenExecutors) {
    RunInfo info;
    info.executors = {executor(), executor(), executor(false)};
    EXPECT_TRUE(is_open_model(info));
    EXPECT_DOUBLE_EQ(offered_at(info, 15), 80);
    info.executors = {executor(false)};
    EXPECT_FALSE(is_open_model(info));
    EXPECT_DOUBLE_EQ(offered_at(info, 15), 40);
}

TEST(LoadLevel, IsHighestAtACornerThatTheRunReached) {
    RunInfo info;
    info.executors = {executor()};
    EXPECT_NEAR(highest_offered(info, 60), 70, 1e-3);
    EXPECT_NEAR(highest_offered(info, 15), 40, 1e-3);
    EXPECT_DOUBLE_EQ(schedule_end(info), 60);
    EXPECT_FALSE(is_constant_load(info));
    info.executors[0].stages = {{seconds(0), seconds(9), 10}};
    EXPECT_TRUE(is_constant_load(info));
}

}  // namespace
}  // namespace plimsoll
