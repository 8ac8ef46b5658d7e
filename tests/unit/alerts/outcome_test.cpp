#include "alerts/outcome.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Rule rule(const std::string& name, const std::string& expression, Nanoseconds hold = 0s) {
    Rule out;
    out.name = name;
    out.expression = expression;
    out.hold = hold;
    out.parts = *read_expression(expression);
    return out;
}

RuleSet one_rule(const Rule& rule) {
    RuleSet rules;
    rules.groups.push_back({"r.yml", "g", std::nullopt, false, {rule}});
    return rules;
}

/// A rule that fires from..to in one phase, after having been pending for `pending_s`.
PhaseStory fires(double from_s, double to_s, double pending_s, bool open = false) {
    const auto ms = [](double s) { return static_cast<std::int64_t>(s * 1000); };
    PhaseStory story;
    story.evaluations = 40;
    story.firing_evaluations = static_cast<std::int64_t>((to_s - from_s) / 15);
    story.spans.push_back({AlertState::Firing, ms(from_s), ms(to_s), open, ms(from_s - pending_s)});
    return story;
}

ReplayedRun run_of(const RuleSet& rules, std::vector<PhaseStory> phases,
                   std::optional<double> onset_s) {
    ReplayedRun run;
    run.duration = 600s;
    run.truth.id = "r";
    run.truth.duration_s = 600;
    if (onset_s) {
        run.truth.onset = Onset{*onset_s, "--onset", std::nullopt};
    }
    run.alerts.push_back({&rules.groups[0], &rules.groups[0].rules[0], {}, std::move(phases), {}});
    return run;
}

AlertReport report_of(const RuleSet& rules, const ReplayedRun& run,
                      const std::vector<Demand>& demands = {}) {
    std::vector<ReplayedRun> runs;
    runs.push_back(run);
    return make_report(rules, runs, {}, demands);
}

TEST(AlertOutcome, HasMedianAndRangeOfTheDelayFromTheOnset) {
    const RuleSet rules = one_rule(rule("A", "x > 1", 30s));
    const auto report = report_of(
        rules, run_of(rules, {fires(150, 300, 30), fires(160, 300, 30), fires(145, 310, 30)}, 100));
    const AlertOutcome& outcome = report.outcomes.at(0);
    EXPECT_EQ(outcome.fired, 3U);
    EXPECT_DOUBLE_EQ(outcome.firing_s->median, 50);
    EXPECT_DOUBLE_EQ(outcome.firing_s->least, 45);
    EXPECT_DOUBLE_EQ(outcome.firing_s->most, 60);
    EXPECT_DOUBLE_EQ(outcome.pending_s->median, 20);
    EXPECT_DOUBLE_EQ(outcome.resolved_s->median, 200);
    EXPECT_EQ(outcome.false_alarms, 0);
}

TEST(AlertOutcome, OfARunWithoutTroubleIsAFalseAlarm) {
    const RuleSet rules = one_rule(rule("A", "x > 1"));
    const auto report =
        report_of(rules, run_of(rules, {fires(150, 300, 0), PhaseStory{}}, std::nullopt));
    EXPECT_EQ(report.outcomes.at(0).fired, 0U);
    EXPECT_DOUBLE_EQ(report.outcomes.at(0).false_alarms, 0.5);
    // One in two phases of a sixth of an hour: 3 per hour.
    EXPECT_DOUBLE_EQ(*report.false_alarms.at(0).per_hour, 3);
}

TEST(AlertOutcome, WithoutFalseAlarmsHasTheRuleOfThree) {
    const RuleSet rules = one_rule(rule("A", "x > 1"));
    const auto report = report_of(rules, run_of(rules, {fires(400, 500, 0)}, 360));
    // 360 s are 0.1 h.
    EXPECT_TRUE(report.false_alarms.at(0).none_seen);
    EXPECT_DOUBLE_EQ(*report.false_alarms.at(0).per_hour, 30);
}

TEST(AlertOutcome, SaysThatItFlaps) {
    const RuleSet rules = one_rule(rule("A", "x > 1"));
    PhaseStory story = fires(150, 180, 0);
    story.spans.push_back({AlertState::Firing, 210'000, 240'000, false, 210'000});
    const auto report = report_of(rules, run_of(rules, {story}, 100));
    EXPECT_THAT(report.outcomes.at(0).remarks,
                Contains("it flaps: it began to fire more than once in 1 of 1 phases"));
}

TEST(AlertOutcome, MayFireOnceForEachFault) {
    const RuleSet rules = one_rule(rule("A", "x > 1"));
    PhaseStory story = fires(150, 180, 0);
    story.spans.push_back({AlertState::Firing, 210'000, 240'000, false, 210'000});
    ReplayedRun run = run_of(rules, {story}, 100);
    run.truth.troubles = 2;
    EXPECT_EQ(report_of(rules, run).outcomes.at(0).flapped, 0U);
    story.spans.push_back({AlertState::Firing, 300'000, 330'000, false, 300'000});
    ReplayedRun thrice = run_of(rules, {story}, 100);
    thrice.truth.troubles = 2;
    EXPECT_THAT(
        report_of(rules, thrice).outcomes.at(0).remarks,
        Contains(
            "it flaps: it began to fire more than 2 times for as many faults in 1 of 1 phases"));
}

TEST(AlertOutcome, SaysThatItFiresAllTheTime) {
    const RuleSet rules = one_rule(rule("A", "x > 1"));
    const auto report = report_of(rules, run_of(rules, {fires(0, 600, 0, true)}, 100));
    EXPECT_THAT(report.outcomes.at(0).remarks.at(0), HasSubstr("it fires all the time"));
    EXPECT_DOUBLE_EQ(report.outcomes.at(0).false_alarms, 1);
}

TEST(AlertOutcome, DemandsAreJudgedByTheWorstPhase) {
    const RuleSet rules = one_rule(rule("A", "x > 1"));
    const ReplayedRun run = run_of(rules, {fires(150, 300, 0), fires(160, 300, 0)}, 100);
    const auto judged = [&](const Demand& demand) {
        return report_of(rules, run, {demand}).demands.at(0);
    };
    EXPECT_TRUE(judged({"A", 60}).ok);
    EXPECT_FALSE(judged({"A", 59}).ok);
    EXPECT_FALSE(judged({"A", std::nullopt}).ok);
    const ReplayedRun missed = run_of(rules, {fires(150, 300, 0), PhaseStory{}}, 100);
    EXPECT_EQ(report_of(rules, missed, {{"A", 60}}).demands.at(0).why,
              "missed in 1 of 2 phases of the run r");
}

TEST(CannotFire, WhereForIsLongerThanTheRun) {
    const Rule slow = rule("A", "x > 1", 10min);
    const RuleSet rules = one_rule(slow);
    EXPECT_EQ(cannot_fire(slow, rules.groups[0], {}, 300, std::nullopt),
              "it cannot fire in this run: `for` is 10m, and the run is 300 s long");
    EXPECT_EQ(cannot_fire(slow, rules.groups[0], {}, 700, 200.0),
              "it cannot fire for this: `for` is 10m, and the run ends 500 s after the onset");
    EXPECT_EQ(cannot_fire(slow, rules.groups[0], {}, 700, 50.0), "");
}

TEST(CannotFire, WhereTheWindowHoldsFewerThanTwoScrapes) {
    const Rule narrow = rule("A", "rate(x_total[10s]) > 1");
    const RuleSet rules = one_rule(narrow);
    EXPECT_EQ(
        cannot_fire(narrow, rules.groups[0], {}, 300, std::nullopt),
        "it cannot fire: the window 10s of x_total never holds the two samples that it needs, "
        "15s apart");
    BacktestOptions often;
    often.scrape = 5s;
    EXPECT_EQ(cannot_fire(narrow, rules.groups[0], often, 300, std::nullopt), "");
}

TEST(CannotFire, WhereItLooksBackBeyondTheRun) {
    const Rule back = rule("A", "x > 2 * x offset 1h");
    const RuleSet rules = one_rule(back);
    EXPECT_THAT(cannot_fire(back, rules.groups[0], {}, 300, std::nullopt),
                HasSubstr("it sees nothing for the first 1h"));
}

TEST(Phases, AreSpreadEvenlyOverBothIntervals) {
    const RuleSet rules = one_rule(rule("A", "x > 1"));
    BacktestOptions options;
    options.scrape = 8s;
    options.evaluation = 8s;
    const auto phases = phases_of(rules, options);
    ASSERT_EQ(phases.size(), 8U);
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(phases[i].scrape, std::chrono::seconds(i));
    }
    // One evaluation in each half, at least: the golden ratio leaves no large gap.
    std::vector<Nanoseconds> evaluations;
    for (const ReplayPhase& phase : phases) {
        evaluations.push_back(phase.evaluation.at(0));
    }
    std::sort(evaluations.begin(), evaluations.end());
    for (std::size_t i = 1; i < evaluations.size(); ++i) {
        EXPECT_LE(evaluations[i] - evaluations[i - 1], 2s);
    }
    EXPECT_EQ(phases[0].evaluation[0], 0s);
}

TEST(RuleOrder, PutsRulesBehindWhatTheyLookAt) {
    RuleSet rules;
    Rule first = rule("a:b", "sum(x)");
    first.kind = Rule::Kind::Recording;
    Rule second = rule("c:d", "a:b * 2");
    second.kind = Rule::Kind::Recording;
    Rule circle = rule("e:f", "e:f + 1");
    circle.kind = Rule::Kind::Recording;
    rules.groups.push_back(
        {"r.yml", "g", std::nullopt, false, {rule("A", "c:d > 1"), first, second, circle}});
    const auto placed = placed_rules(rules);
    EXPECT_EQ(placed[0].level, 2U);
    EXPECT_EQ(placed[1].level, 0U);
    EXPECT_EQ(placed[2].level, 1U);
    EXPECT_THAT(placed[3].refusal, HasSubstr("in a circle"));
    EXPECT_THAT(placed[0].refusal, IsEmpty());
}

TEST(AlertLabels, AreThoseOfTheSeriesWithTheRulesOverThem) {
    Rule labelled = rule("A", "x > 1");
    labelled.labels = {{"severity", "page"}, {"who", "{{ $labels.pool }} of {{ .Labels.job }}"}};
    const SeriesLabels series{{"__name__", "x"}, {"job", "j"}, {"pool", "p"}, {"severity", "no"}};
    EXPECT_EQ(alert_labels(labelled, series, 1),
              "alertname=\"A\",job=\"j\",pool=\"p\",severity=\"page\",who=\"p of j\"");
    EXPECT_FALSE(has_value_in_labels(labelled));
    labelled.labels = {{"v", "{{ $value | humanize }}"}};
    EXPECT_TRUE(has_value_in_labels(labelled));
    EXPECT_NE(alert_labels(labelled, series, 1), alert_labels(labelled, series, 2));
}

}  // namespace
}  // namespace plimsoll
