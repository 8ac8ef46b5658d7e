#include "experiment/trial_matrix.hpp"

#include "experiment/watched_alerts.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

/// 300 s: `a` in force from 60 to 120, `b` from 180 to 240; 30 s after each belong to it.
ExperimentResult of_runs(std::vector<std::vector<WatchedAlert>> alerts) {
    ExperimentResult result;
    result.faults = {"a", "b"};
    result.fault_s = 60;
    result.healthy_s = 60;
    result.settle_s = 30;
    for (auto& each : alerts) {
        Repetition run;
        run.length_s = 300;
        run.trials = {{0, 60, 120}, {1, 180, 240}};
        run.alerts = std::move(each);
        result.runs.push_back(std::move(run));
    }
    return result;
}

TEST(TrialMatrix, HasMedianAndRangeOfTheDelayAndTheMissed) {
    auto result = of_runs({{{"Slow", {{{70, 130}, {200, 250}}}, {}}},
                           {{"Slow", {{{64, 118}}}, {}}},
                           {{"Slow", {{{85, 120}}}, {}}}});
    judge_trials(result);
    const MatrixCell& a = result.cell(0, 0);
    EXPECT_EQ(a.n, 3U);
    EXPECT_EQ(a.fired, 3U);
    ASSERT_TRUE(a.delay_s);
    EXPECT_EQ(a.delay_s->median, 10);
    EXPECT_EQ(a.delay_s->least, 4);
    EXPECT_EQ(a.delay_s->most, 25);
    ASSERT_TRUE(a.resolved_s);
    EXPECT_EQ(a.resolved_s->median, 0);
    EXPECT_EQ(a.resolved_s->least, -2);
    EXPECT_EQ(a.resolved_s->most, 10);
    const MatrixCell& b = result.cell(1, 0);
    EXPECT_EQ(b.fired, 1U);
    EXPECT_EQ(b.missed, 2U);
    EXPECT_EQ(b.delay_s->median, 20);
    EXPECT_EQ(result.trials, (std::vector<std::size_t>{3, 3}));
}

TEST(TrialMatrix, TellsLateFromFalse) {
    // 130: 10 s after `a` was healed. 160: 40 s after it, which is nobody's. 20: before anything.
    auto result = of_runs({{{"Late", {{{130, 140}}}, {}},
                            {"False", {{{160, 170}}}, {}},
                            {"Early", {{{20, 30}}}, {}}}});
    judge_trials(result);
    EXPECT_EQ(result.cell(0, 0).late, 1U);
    EXPECT_EQ(result.cell(0, 0).missed, 0U);
    EXPECT_TRUE(result.false_alarms[0].none_seen);
    // Healthy: 0-60, 150-180 and 270-300 are 120 s.
    EXPECT_DOUBLE_EQ(result.false_alarms[0].healthy_hours, 120.0 / 3600);
    EXPECT_DOUBLE_EQ(*result.false_alarms[0].per_hour, 3 / (120.0 / 3600));  // the rule of three
    for (const std::size_t lying : {std::size_t{1}, std::size_t{2}}) {
        EXPECT_EQ(result.cell(0, lying).missed, 1U);
        EXPECT_EQ(result.false_alarms[lying].count, 1);
        EXPECT_DOUBLE_EQ(*result.false_alarms[lying].per_hour, 1 / (120.0 / 3600));
    }
}

TEST(TrialMatrix, IsUnclearWhereItStillFiredOrNobodyWatched) {
    auto result = of_runs({{{"Stuck", {{{70, 200}}}, {}}, {"Silent", {{}}, {}}}});
    result.runs[0].blind = {{185, 195}};
    judge_trials(result);
    EXPECT_EQ(result.cell(0, 0).fired, 1U);
    EXPECT_EQ(result.cell(1, 0).unclear, 1U);
    EXPECT_EQ(result.cell(1, 0).n, 0U);
    EXPECT_EQ(result.cell(0, 1).missed, 1U);
    EXPECT_EQ(result.cell(1, 1).unclear, 1U);
}

TEST(TrialMatrix, CountsEachPhaseAndAveragesFalseAlarms) {
    auto result = of_runs({{{"Slow", {{{70, 100}}, {{76, 100}}, {{10, 12}}, {}}, {}}}});
    judge_trials(result);
    EXPECT_EQ(result.cell(0, 0).n, 4U);
    EXPECT_EQ(result.cell(0, 0).fired, 2U);
    EXPECT_EQ(result.cell(0, 0).missed, 2U);
    EXPECT_EQ(result.cell(0, 0).delay_s->median, 13);
    EXPECT_EQ(result.false_alarms[0].count, 0.25);
}

TEST(PlayedTrials, AreThoseThatWerePlayedWhole) {
    const auto trials = played_trials({{60, EventKind::FaultPlanted, "planted b"},
                                       {120.1, EventKind::FaultHealed, "healed b"},
                                       {180, EventKind::FaultPlanted, "planted a"},
                                       {190, EventKind::FaultHealed, "healed a"},
                                       {200, EventKind::FaultPlanted, "planted a"}},
                                      {"a", "b"}, 60);
    ASSERT_EQ(trials.size(), 1U);
    EXPECT_EQ(trials[0].fault, 1U);
    EXPECT_EQ(trials[0].planted_s, 60);
    EXPECT_EQ(trials[0].healed_s, 120.1);
}

TEST(WatchedAlerts, AreOneForAllLabelsOfAName) {
    AlertEpisode first;
    first.alert = "Slow{job=\"a\"}";
    first.firing_s = 10;
    first.resolved_s = 20;
    AlertEpisode second = first;
    second.alert = "Slow{job=\"b\"}";
    second.firing_s = 15;
    second.resolved_s = std::nullopt;
    AlertEpisode before;
    before.alert = "Old{}";
    before.already = true;
    before.firing_s = 0;
    AlertEpisode pending;
    pending.alert = "Never{}";
    pending.pending_s = 3;
    const auto watched =
        watched_in({first, second, before, pending}, 60, {"Slow", "Old", "Never", "Other"});
    ASSERT_EQ(watched.size(), 4U);
    ASSERT_EQ(watched[0].phases[0].size(), 1U);
    EXPECT_EQ(watched[0].phases[0][0].from_s, 10);
    EXPECT_EQ(watched[0].phases[0][0].to_s, 60);
    EXPECT_TRUE(watched[0].phases[0][0].open);
    EXPECT_LT(watched[1].phases[0][0].from_s, 0);
    EXPECT_TRUE(watched[2].phases[0].empty());
    EXPECT_TRUE(watched[3].phases[0].empty());
}

}  // namespace
}  // namespace plimsoll
