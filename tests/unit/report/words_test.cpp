#include "report/words.hpp"

#include "analysis/verdict_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

Analysis broken() {
    Analysis analysis;
    analysis.requests = 1000;
    analysis.highest_offered = 500;
    analysis.breaking_point = {true, 40.9, 252, {245, 259}, "goodput fell below the offered rate"};
    Finding pool;
    pool.cause = "app_pool_exhausted";
    pool.values = {{"pool_size", 5}, {"recommended_pool_size", 14}};
    analysis.findings = {pool};
    return analysis;
}

TEST(Headline, NamesLoadTimeCauseAndTheNumberToChange) {
    EXPECT_EQ(headline(broken()),
              "Broke at 252 requests/s (40.9 s): application connection pool exhausted — 5 "
              "connections, should be 14");
}

TEST(Headline, CountsUsersInTheClosedModel) {
    auto analysis = broken();
    analysis.open_model = false;
    analysis.breaking_point.at_rate = 64;
    EXPECT_EQ(headline(analysis).substr(0, 24), "Broke at 64 users (40.9 ");
}

TEST(Headline, NamesTheLimitOfTheServer) {
    auto analysis = broken();
    analysis.findings[0].cause = "max_connections";
    analysis.findings[0].values = {{"max_connections", 20}};
    EXPECT_EQ(headline(analysis),
              "Broke at 252 requests/s (40.9 s): PostgreSQL's max_connections reached — 20 "
              "connections");
}

TEST(Headline, SaysThatTheCauseIsUnknown) {
    auto analysis = broken();
    analysis.findings.clear();
    EXPECT_EQ(headline(analysis), "Broke at 252 requests/s (40.9 s): cause unknown");
}

TEST(Headline, SaysHowFarNothingBroke) {
    auto analysis = broken();
    analysis.breaking_point = {};
    EXPECT_EQ(headline(analysis),
              "Nothing broke up to 500 requests/s, but: application connection pool exhausted — 5 "
              "connections, should be 14");
    analysis.findings.clear();
    EXPECT_EQ(headline(analysis), "Nothing broke up to 500 requests/s");
    analysis.highest_offered = 0;
    EXPECT_EQ(headline(analysis), "Nothing broke");
    analysis.failed = analysis.requests;
    EXPECT_EQ(headline(analysis), "No answer about the target: every request failed");
    analysis.requests = 0;
    EXPECT_EQ(headline(analysis), "Nothing was measured: no request was sent");
}

TEST(Headline, ClaimsNothingAboutTheTargetWhenTheMeasurementIsInvalid) {
    auto analysis = broken();
    analysis.verdict = Verdict::Invalid;
    analysis.checks = {{"probe_gaps", false, false, 1, 2, "A gap."},
                       {"generator_cpu", false, true, 0.97, 0.8, "A shard used 97 % of its core."}};
    EXPECT_EQ(headline(analysis),
              "No answer about the target, the measurement is invalid: A shard used 97 % of its "
              "core.");
}

TEST(HeadlineNotes, AddWhatTheHeadlineLeavesOut) {
    auto analysis = broken();
    analysis.thresholds.resize(3);
    analysis.thresholds[1].ok = false;
    analysis.duration_s = 61;
    EXPECT_THAT(
        headline_notes(analysis, false),
        testing::ElementsAre("Symptom: goodput fell below the offered rate.",
                             "The break lies between 245 and 259 requests/s.",
                             "1 of 3 thresholds did not pass.",
                             "The run was cut off; what is shown is complete up to 1 min 1 s."));
    EXPECT_THAT(headline_notes(Analysis{}, true), testing::IsEmpty());
}

TEST(ValidityText, GivesTheFiguresOfWhatFailed) {
    Analysis analysis;
    analysis.checks = {{"a", true, false, 1, 1, "fine"},
                       {"b", false, false, 2, 1, "2 is above 1."}};
    EXPECT_EQ(validity_text(analysis), "1 of 2 validity checks did not pass: 2 is above 1.");
    analysis.checks.push_back({"c", false, true, 3, 1, "3 is above 1 (limit 1)"});
    EXPECT_EQ(validity_text(analysis),
              "2 of 3 validity checks did not pass: 2 is above 1; 3 is above 1 (limit 1).");
    EXPECT_EQ(failed_checks(analysis.checks, true), "3 is above 1 (limit 1)");
    analysis.checks.resize(1);
    EXPECT_EQ(validity_text(analysis), "1 validity check passed.");
}

TEST(ThresholdValue, HasTheUnitOfItsMetric) {
    ThresholdResult result;
    EXPECT_EQ(threshold_value(result), "no data");
    result.value = 0.812;
    EXPECT_EQ(threshold_value(result), "812 ms");
    result.threshold.metric = ThresholdMetric::Failed;
    EXPECT_EQ(threshold_value(result), "81.2 %");
    result.threshold.metric = ThresholdMetric::Requests;
    result.threshold.statistic = Statistic::Rate;
    result.value = 250;
    EXPECT_EQ(threshold_value(result), "250/s");
    result.threshold.statistic = Statistic::Count;
    EXPECT_EQ(threshold_value(result), "250");
}

TEST(QuantileText, StatesOnlyWhatTheSamplesSupport) {
    LatencySummary latency;
    EXPECT_EQ(quantile_text(latency, 0.5, 0), "–");  // no sample
    latency.count = 500;
    EXPECT_EQ(quantile_text(latency, 0.5, 0.0241), "24.1 ms");
    EXPECT_EQ(quantile_text(latency, 0.99, 0.5), "–");
    latency.p99_supported = true;
    EXPECT_EQ(quantile_text(latency, 0.99, 0.5), "500 ms");
    EXPECT_EQ(quantile_text(latency, 0.999, 0.5), "–");
    latency.censored_from = 0.98;
    EXPECT_EQ(quantile_text(latency, 0.99, 30), "≥ 30.0 s");
    EXPECT_EQ(mean_text(latency, 0.5), "≥ 500 ms");
    EXPECT_EQ(quantile_text(latency, 0.95, 0.5), "500 ms");
}

TEST(CauseTitle, ShowsANameThatItDoesNotKnow) {
    EXPECT_EQ(cause_title("disk_full"), "disk full");
}

}  // namespace
}  // namespace plimsoll::report
