#include "report/experiment_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using testing::HasSubstr;
using testing::Not;

ExperimentResult of_two_faults() {
    ExperimentResult result;
    result.name = "own|pipe";
    result.faults = {"pool", "disk"};
    result.fault_s = 60;
    result.healthy_s = 60;
    result.settle_s = 30;
    result.scrape_s = 5;
    result.phases = 2;
    result.repetitions = 2;
    Repetition run;
    run.run_id = "run";
    run.length_s = 300;
    run.trials = {{0, 60, 120}, {1, 180, 240}};
    run.alerts = {{"Slow", {{{70, 132}}, {{74, 132}}}, {}},
                  {"Late", {{{125, 130}}, {{125, 130}}}, {}},
                  {"Mute", {{}, {}}, {"there is no series x"}},
                  {"Lies", {{{5, 6}, {20, 21}}, {{5, 6}, {20, 21}}}, {}}};
    result.runs = {run, run};
    result.runs[1].run_id = "other";
    judge_trials(result);
    return result;
}

TEST(ExperimentReport, SaysWhoToldHowLateAndInHowMany) {
    const std::string text = experiment_text(of_two_faults());
    EXPECT_THAT(text, HasSubstr("1 of 2 faults were told of by an alert, 1 gave false alarms\n"));
    EXPECT_THAT(text, HasSubstr("\npool (planted 2 times)\n"
                                "  Slow: 12.0 s (10.0-14.0), 4 of 4; resolved 12.0 s after it was "
                                "healed\n"
                                "  Late: late in 4 of 4\n"
                                "  missed by Mute, Lies\n"));
    EXPECT_THAT(text, HasSubstr("\ndisk (planted 2 times)\n  no alert told of it\n"
                                "  missed by Slow, Late, Mute, Lies\n"));
    // Healthy: 0-60, 150-180 and 270-300 of each repetition.
    EXPECT_THAT(text, HasSubstr("  Slow: none in 0.07 h (at most 45/h)\n"));
    EXPECT_THAT(text, HasSubstr("  Lies: 60/h (4 in 0.07 h)\n"));
    EXPECT_THAT(text, HasSubstr("! Mute: there is no series x\n"));
}

TEST(ExperimentReport, IsAMatrixInMarkdown) {
    const std::string table = experiment_markdown(of_two_faults());
    EXPECT_THAT(table, HasSubstr("own\\|pipe"));
    EXPECT_THAT(table, HasSubstr("| alert | pool (×2) | disk (×2) | false alarms |"));
    EXPECT_THAT(table, HasSubstr("| Slow | 12.0 s (10.0-14.0), 4 of 4 | missed 4 of 4 |"));
}

TEST(ExperimentReport, HasEveryFigureInJson) {
    const std::string text = experiment_json(of_two_faults());
    EXPECT_THAT(text, HasSubstr("\"mode\": \"backtest\""));
    EXPECT_THAT(text, HasSubstr("\"median\": 12"));
    EXPECT_THAT(text, HasSubstr("\"planted_s\": 60"));
    ExperimentResult live = of_two_faults();
    live.live = true;
    EXPECT_THAT(experiment_json(live), HasSubstr("\"scrape_s\": null"));
    EXPECT_THAT(experiment_text(live), Not(HasSubstr("replayed")));
}

}  // namespace
}  // namespace plimsoll
