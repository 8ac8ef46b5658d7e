#include "alerts/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseSweep, ReadsRangesAndLists) {
    const auto ranges = parse_sweep("threshold=50..95,for=0s..5m");
    ASSERT_TRUE(ranges.ok());
    EXPECT_THAT(ranges->thresholds, ElementsAre(50, 55, 60, 65, 70, 75, 80, 85, 90, 95));
    EXPECT_THAT(ranges->holds, ElementsAre(0s, 60s, 120s, 180s, 240s, 300s));
    EXPECT_THAT(parse_sweep("for=0s|45s")->holds, ElementsAre(0s, 45s));
    EXPECT_THAT(parse_sweep("threshold=0.5|0.8")->thresholds, ElementsAre(0.5, 0.8));
}

TEST(ParseSweep, RefusesWhatIsNone) {
    for (const char* wrong : {"", "threshold", "limit=1..2", "threshold=a..b", "for=5", "for=1..2",
                              "threshold=1..2..3", "for=0s..5m,for=0s", "threshold=1,2"}) {
        EXPECT_FALSE(parse_sweep(wrong).ok()) << wrong;
    }
}

RuleSet rules(const std::string& expression) {
    Rule rule;
    rule.name = "A";
    rule.expression = expression;
    rule.hold = 30s;
    rule.parts = *read_expression(expression);
    RuleSet out;
    out.groups.push_back({"r.yml", "g", std::nullopt, false, {rule}});
    return out;
}

TEST(SweepRules, PutEachThresholdInThePlaceOfTheOneNumber) {
    const auto swept = sweep_rules(rules("rate(x[1m]) / 2 > 0.8"), {{0.5}, {0s}});
    ASSERT_TRUE(swept.ok());
    // As many as 0.5 and 0.8 with no time and with 30 s.
    ASSERT_EQ(swept->variants.size(), 4U);
    const auto& made = swept->rules.groups[0].rules;
    EXPECT_EQ(made[0].expression, "rate(x[1m]) / 2 > 0.5");
    EXPECT_EQ(made[0].hold, 0s);
    EXPECT_EQ(made[3].expression, "rate(x[1m]) / 2 > 0.8");
    EXPECT_TRUE(swept->variants[3].as_it_is);
    EXPECT_EQ(swept->variants[1].name, "A (0.5, for 30s)");
}

TEST(SweepRules, RefuseAThresholdWithoutAPlace) {
    EXPECT_THAT(sweep_rules(rules("x > 1 and y > 2"), {{5}, {}}).error().what,
                HasSubstr("no alerting rule compares with one number alone"));
    EXPECT_EQ(sweep_rules(rules("x > 1 and y > 2"), {{}, {0s}})->variants.size(), 2U);
}

/// Of variants 0, 1, 2 ... : the delay, and how many false alarms there were in an hour.
AlertSweep judged(const std::vector<std::pair<double, double>>& figures) {
    SweptRules swept;
    AlertReport report;
    RunTruth run;
    run.duration_s = 4000;
    run.onset = Onset{3600, "--onset", std::nullopt};
    report.runs.push_back(run);
    for (std::size_t i = 0; i < figures.size(); ++i) {
        SweepVariant variant;
        variant.alert = "A";
        variant.name = "v" + std::to_string(i);
        swept.variants.push_back(variant);
        AlertOutcome outcome;
        outcome.alert = variant.name;
        outcome.phases = outcome.fired = 4;
        outcome.firing_s = PhaseRange{4, figures[i].first, figures[i].first, figures[i].first};
        outcome.false_alarms = figures[i].second;
        report.outcomes.push_back(outcome);
    }
    return judge_sweep(swept, report).at(0);
}

TEST(JudgeSweep, KeepsWhatNothingElseBeatsOnBothAxes) {
    // v1 is both later and louder than v0; v3 is as loud as v2, and later.
    const AlertSweep sweep = judged({{10, 8}, {20, 9}, {30, 1}, {40, 1}, {100, 0}});
    std::vector<bool> best;
    for (const SweepPoint& point : sweep.points) {
        best.push_back(point.best);
    }
    EXPECT_THAT(best, ElementsAre(true, false, true, false, true));
}

TEST(JudgeSweep, ProposesTheKnee) {
    // From (10, 8) to (100, 0): (30, 1) lies at 1 - 20/90 - 1/8 = 0.65 below the line, the ends on
    // it.
    const AlertSweep sweep = judged({{10, 8}, {30, 1}, {100, 0}});
    EXPECT_TRUE(sweep.points[1].knee);
    EXPECT_THAT(sweep.proposal, HasSubstr("v1: 30.0 s after the onset"));
}

TEST(JudgeSweep, ProposesTheQuickestWhereNoneLies) {
    const AlertSweep sweep = judged({{40, 0}, {10, 0}, {30, 0}});
    EXPECT_TRUE(sweep.points[0].knee);
    EXPECT_EQ(sweep.points[0].variant.name, "v1");
}

TEST(JudgeSweep, SaysThatNothingFires) {
    SweptRules swept;
    SweepVariant variant;
    variant.alert = "A";
    variant.name = "v";
    swept.variants.push_back(variant);
    AlertReport report;
    report.runs.emplace_back();
    AlertOutcome outcome;
    outcome.alert = "v";
    outcome.phases = 4;
    report.outcomes.push_back(outcome);
    EXPECT_EQ(judge_sweep(swept, report).at(0).proposal, "no variant fires after an onset");
}

}  // namespace
}  // namespace plimsoll
