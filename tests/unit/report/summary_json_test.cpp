#include "report/report.hpp"
#include "support/report/sample.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

json::value rendered(const sample::Sample& sample) {
    return json::parse(render_json(sample.info, sample.analysis));
}

std::vector<std::string> keys(const json::value& object) {
    std::vector<std::string> names;
    for (const auto& member : object.as_object()) {
        names.emplace_back(member.key());
    }
    return names;
}

TEST(SummaryJson, HasTheKeysOfSchemaOne) {
    const auto all = rendered(sample::broken_pool());
    using testing::ElementsAre;
    EXPECT_THAT(keys(all), ElementsAre("schema", "run", "validity", "totals", "endpoints", "checks",
                                       "groups", "flow", "stages", "thresholds", "answers",
                                       "breaking_point", "capacity", "findings", "onsets", "alerts",
                                       "resource_limits", "generator", "exporters"));
    EXPECT_EQ(all.at("schema"), 1);
    EXPECT_THAT(keys(all.at("run")), ElementsAre("id", "scenario", "version", "started",
                                                 "duration_s", "seed", "segment"));
    EXPECT_THAT(keys(all.at("validity").at("checks").at(0)),
                ElementsAre("name", "ok", "value", "limit", "why"));
    EXPECT_THAT(keys(all.at("totals")),
                ElementsAre("requests", "failed", "failed_unknown", "cut_off", "not_sent", "rate",
                            "response_s", "service_s", "send_lag_s", "redirects", "phases_s"));
    EXPECT_THAT(keys(all.at("answers")), ElementsAre("ok", "answered", "unanswered", "unknown",
                                                     "cut_off", "oldest_s", "silent_s", "why"));
    EXPECT_THAT(
        keys(all.at("totals").at("response_s")),
        ElementsAre("min", "mean", "p50", "p90", "p95", "p99", "p999", "max", "censored_from"));
    EXPECT_THAT(keys(all.at("endpoints").at(0)),
                ElementsAre("user", "name", "method", "requests", "failed", "failed_unknown",
                            "rate", "outcomes", "response_s", "service_s"));
    EXPECT_THAT(keys(all.at("stages").at(0)),
                ElementsAre("executor", "stage", "from_s", "to_s", "offered_rate", "rate", "users",
                            "response_s", "failed_ratio"));
    EXPECT_THAT(keys(all.at("thresholds").at(0)),
                ElementsAre("metric", "expression", "ok", "value", "state", "bounds", "why"));
    EXPECT_THAT(keys(all.at("breaking_point")), ElementsAre("found", "at_s", "at_rate", "interval",
                                                            "symptom", "recovered_s", "healed"));
    EXPECT_THAT(keys(all.at("findings").at(0)),
                ElementsAre("cause", "confidence", "onset_s", "evidence", "against", "missing",
                            "values", "fix"));
    EXPECT_THAT(keys(all.at("generator")),
                ElementsAre("cpu_seconds", "cpu_us_per_request", "max_rss_bytes", "shards",
                            "dropped", "cpu_ratio_max", "loop_lag_max_s", "late_sends", "not_sent",
                            "sockets_left", "ceiling_rate"));
}

TEST(SummaryJson, KeepsCountsAndNumbersExact) {
    auto sample = sample::broken_pool();
    sample.analysis.requests = 9'007'199'254'740'993;  // 2^53 + 1: no double holds it
    sample.analysis.rate = 0.1 + 0.2;
    const auto all = rendered(sample);
    EXPECT_EQ(all.at("totals").at("requests").to_number<std::uint64_t>(), 9'007'199'254'740'993U);
    EXPECT_EQ(all.at("totals").at("rate").as_double(), 0.1 + 0.2);
}

TEST(SummaryJson, LeavesOutPercentilesThatTheSamplesDoNotSupport) {
    auto sample = sample::broken_pool();
    sample.analysis.response.p999_supported = false;
    sample.analysis.service.censored_from = 0.93;
    sample.analysis.send_lag = {};
    const auto totals = rendered(sample).at("totals");
    EXPECT_TRUE(totals.at("response_s").at("p999").is_null());
    EXPECT_TRUE(totals.at("response_s").at("p99").is_double());
    EXPECT_TRUE(totals.at("service_s").at("p90").is_double());
    EXPECT_TRUE(totals.at("service_s").at("p95").is_null());  // among the timeouts
    EXPECT_TRUE(totals.at("service_s").at("max").is_double());
    for (const char* key : {"min", "mean", "p50", "p90", "p95", "p99", "p999", "max"}) {
        EXPECT_TRUE(totals.at("send_lag_s").at(key).is_null()) << key;
    }
}

TEST(SummaryJson, SaysThatNothingBrokeWithoutNumbers) {
    const auto broke = rendered(sample::held()).at("breaking_point");
    EXPECT_EQ(broke.at("found"), false);
    for (const char* key : {"at_s", "at_rate", "interval", "symptom"}) {
        EXPECT_TRUE(broke.at(key).is_null()) << key;
    }
}

TEST(SummaryJson, HasNullForAThresholdWithoutData) {
    const auto thresholds = rendered(sample::broken_pool()).at("thresholds");
    EXPECT_TRUE(thresholds.at(2).at("value").is_null());
    EXPECT_EQ(thresholds.at(0).at("ok"), false);
}

}  // namespace
}  // namespace plimsoll
