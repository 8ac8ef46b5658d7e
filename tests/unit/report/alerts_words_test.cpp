#include "report/alerts_words.hpp"

#include "report/alerts_report.hpp"
#include "report/renderers.hpp"
#include "report/report.hpp"
#include "support/report/sample.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace report;
using testing::HasSubstr;

RunTruth planted(Onset::Kind kind, double at_s) {
    RunTruth run;
    run.id = "run";
    run.scenario = "demo";
    run.duration_s = 60;
    run.onset = Onset{at_s, "the planted fault app-pool:size=5", std::nullopt, kind};
    run.others = {{9.8, "the finding app_pool_exhausted", {{9.8, 12}}, Onset::Kind::Seen}};
    return run;
}

TEST(AlertTruth, SaysWhenAFaultHurtThatWasThereBeforeTheLoad) {
    EXPECT_EQ(truth_text(planted(Onset::Kind::PlantedBefore, 0)),
              "the planted fault app-pool:size=5 was there before the load, so times count from "
              "its start; it began to hurt at 9.8 s by the finding app_pool_exhausted (between 9.8 "
              "s and 12.0 s)");
    RunTruth unseen = planted(Onset::Kind::PlantedBefore, 0);
    unseen.others.clear();
    EXPECT_THAT(truth_text(unseen), HasSubstr("nothing shows since when it hurt"));
    EXPECT_EQ(truth_text(planted(Onset::Kind::Planted, 5)),
              "trouble since 5.0 s by the planted fault app-pool:size=5; also 9.8 s by the finding "
              "app_pool_exhausted (between 9.8 s and 12.0 s)");
}

TEST(AlertTruth, MeasuresAlertsFromWhereItHurt) {
    AlertOutcome outcome;
    outcome.firing_s = PhaseRange{3, 24, 20, 27};
    EXPECT_EQ(after_hurt_text(planted(Onset::Kind::PlantedBefore, 0), outcome),
              "14.2 s after it began to hurt");
    outcome.firing_s = PhaseRange{3, 4, 4, 4};
    EXPECT_EQ(after_hurt_text(planted(Onset::Kind::PlantedBefore, 0), outcome),
              "5.8 s before it began to hurt");
    EXPECT_EQ(after_hurt_text(planted(Onset::Kind::Planted, 5), outcome), "");
}

TEST(FalseAlarmWords, SayWhereNothingIsKnown) {
    FalseAlarms alarms;
    EXPECT_EQ(false_alarm_text(alarms), "not known: no run here has a healthy stretch");
    alarms.per_hour = 6;
    alarms.healthy_hours = 0.5;
    EXPECT_EQ(false_alarm_text(alarms), "none in 0.50 h (at most 6/h)");
    EXPECT_EQ(per_hour_text(SweepPoint{}), "false alarms not known");
}

TEST(AlertDelaysInReports, StandInEveryFormat) {
    auto sample = sample::broken_pool();
    sample.analysis.onsets = {{10, "the planted fault pool", std::nullopt, Onset::Kind::Planted}};
    AlertEpisode told;
    told.alert = "Failing{path=\"<a>\"}";
    told.pending_s = 12;
    told.firing_s = 14;
    told.notified_s = 14.5;
    told.resolved_s = 30;
    told.onset_s = 10;
    sample.analysis.alerts = {told};
    const std::string page = html_page(sample.info, sample.data, sample.analysis);
    EXPECT_THAT(page,
                HasSubstr("Alerts: how soon; times count from 10.0 s, the planted fault pool"));
    EXPECT_THAT(page, HasSubstr("Failing{path=&quot;&lt;a&gt;&quot;}"));
    EXPECT_THAT(page, HasSubstr("<td class=\"n\">+4.5 s</td>"));
    const std::string table = render_markdown(sample.info, sample.analysis, true);
    EXPECT_THAT(table, HasSubstr("| +2.0 s | +4.0 s | +4.5 s | +20.0 s |"));
    const std::string summary = render_json(sample.info, sample.analysis);
    EXPECT_THAT(summary, HasSubstr("\"notified_s\": 14.5"));
    EXPECT_THAT(summary, HasSubstr("\"source\": \"the planted fault pool\""));
}

}  // namespace
}  // namespace plimsoll
