#include "probes/alerts/alert_list.hpp"

#include "probes/alerts/alerts_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As Prometheus 2.42 and Alertmanager 0.25 answer.
constexpr const char* kPrometheus =
    R"({"status":"success","data":{"alerts":[
      {"labels":{"alertname":"Slow","job":"a"},"annotations":{},"state":"pending","activeAt":"2026-01-01T00:00:05Z","value":"1e+00"},
      {"labels":{"alertname":"Full","pool":"b"},"annotations":{},"state":"firing","activeAt":"2026-01-01T00:00:01Z","value":"1e+00"}]}})";
constexpr const char* kAlertmanager =
    R"([{"annotations":{},"endsAt":"2026-01-01T00:10:00Z","fingerprint":"f","receivers":[{"name":"r"}],
      "startsAt":"2026-01-01T00:00:03Z","status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},
      "updatedAt":"2026-01-01T00:00:03.5Z","generatorURL":"","labels":{"alertname":"Full","pool":"b"}}])";

TEST(AlertList, HasWhatTheServersSay) {
    const auto list = read_prometheus_alerts(kPrometheus);
    ASSERT_TRUE(list.ok());
    ASSERT_EQ(list->size(), 2U);
    EXPECT_EQ(list->at("Slow{job=\"a\"}").state, AlertNote::Move::Pending);
    EXPECT_EQ(list->at("Slow{job=\"a\"}").changed, "2026-01-01T00:00:05Z");
    EXPECT_EQ(list->at("Full{pool=\"b\"}").since, "2026-01-01T00:00:01Z");
    const auto got = read_alertmanager_alerts(kAlertmanager);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->at("Full{pool=\"b\"}").state, AlertNote::Move::Notified);
    EXPECT_EQ(got->at("Full{pool=\"b\"}").changed, "2026-01-01T00:00:03.5Z");
}

TEST(AlertList, HasWhenEachRuleWasEvaluated) {
    const auto times = read_rule_times(
        R"({"status":"success","data":{"groups":[{"name":"g","rules":[
          {"name":"r","type":"recording","lastEvaluation":"2026-01-01T00:00:01Z"},
          {"name":"Slow","type":"alerting","lastEvaluation":"2026-01-01T00:00:02Z"}]},
          {"name":"h","rules":[{"name":"Slow","type":"alerting","lastEvaluation":"x"}]}]}})");
    ASSERT_TRUE(times.ok());
    EXPECT_EQ(times->count("Slow"), 2U);
    EXPECT_EQ(times->count("r"), 0U);
    EXPECT_FALSE(read_rule_times("{}").ok());
}

TEST(AlertList, OfAnAlertmanagerHasTheNamesOfPrometheus) {
    const auto known = read_prometheus_alerts(kPrometheus);
    AlertList notified{
        {"Full{cluster=\"c\",pool=\"b\"}", {"Full", {{"cluster", "c"}, {"pool", "b"}}}},
        {"Full{pool=\"other\"}", {"Full", {{"pool", "other"}}}}};
    const AlertList named = as_prometheus_names(notified, *known);
    EXPECT_EQ(named.count("Full{pool=\"b\"}"), 1U);
    EXPECT_EQ(named.count("Full{pool=\"other\"}"), 1U);
    EXPECT_EQ(named.size(), 2U);
}

TEST(ServerTime, IsReadWithItsFractionAndOffset) {
    const auto seconds = [](const char* text) {
        const auto at = parse_server_time(text);
        return at ? std::chrono::duration<double>(at->time_since_epoch()).count() : -1;
    };
    // By `date -d ... +%s.%N`.
    EXPECT_DOUBLE_EQ(seconds("2026-01-01T00:00:05Z"), 1767225605.0);
    EXPECT_NEAR(seconds("2026-01-01T02:00:05.123456789+02:00"), 1767225605.123456, 1e-5);
    EXPECT_DOUBLE_EQ(seconds("2025-12-31T19:30:05.5-04:30"), 1767225605.5);
    for (const char* other : {"", "2026-01-01", "2026-01-01T00:00:05", "2026-13-01T00:00:05Z",
                              "2026-01-01 at noon today", "0001-01-01T00:00:00+1"}) {
        EXPECT_FALSE(parse_server_time(other)) << other;
    }
}

TEST(AlertList, RefusesOtherAnswers) {
    for (const char* other : {"", "{}", "[]", "{\"data\":{}}", "<html>", "{\"data\":[]}"}) {
        EXPECT_FALSE(read_prometheus_alerts(other).ok()) << other;
    }
    for (const char* other : {"", "{}", "<html>"}) {
        EXPECT_FALSE(read_alertmanager_alerts(other).ok()) << other;
    }
    // Entries that are no alerts are passed over.
    EXPECT_THAT(*read_alertmanager_alerts("[1,{},{\"labels\":3}]"), IsEmpty());
}

TEST(AlertChanges, NameWhatIsNewGoneAndInAnotherState) {
    using Move = AlertNote::Move;
    const AlertList before{{"A{}", {"A", {}, Move::Pending, "t1"}},
                           {"B{}", {"B", {}, Move::Firing}},
                           {"C{}", {"C", {}, Move::Pending}},
                           {"D{}", {"D", {}, Move::Firing}}};
    const AlertList now{{"A{}", {"A", {}, Move::Firing, "t1"}},
                        {"D{}", {"D", {}, Move::Firing}},
                        {"E{}", {"E", {}, Move::Notified, "t2", "t3"}}};
    std::vector<std::string> texts;
    for (const SeenChange& change : alert_changes(before, now)) {
        texts.push_back(to_text(change.note) + " at " + change.at);
    }
    EXPECT_THAT(texts, ElementsAre("alert A{}: firing (active since t1) at ",
                                   "alert E{}: reached the Alertmanager (active since t2) at t3",
                                   "alert B{}: resolved at ", "alert C{}: no longer pending at "));
    EXPECT_THAT(alert_changes(now, now), IsEmpty());
}

TEST(AlertsProbe, RefusesWhatIsNoUrl) {
    EXPECT_FALSE(make_alerts_probe({.prometheus = "prometheus:9090", .alertmanager = {}}).ok());
    EXPECT_FALSE(make_alerts_probe({.prometheus = "http://127.0.0.1:1", .alertmanager = "x"}).ok());
    EXPECT_TRUE(
        make_alerts_probe({.prometheus = "http://127.0.0.1:1/prom/", .alertmanager = {}}).ok());
}

TEST(AlertsProbe, ThatGetsNoAnswerSaysSo) {
    auto probe = make_alerts_probe({.prometheus = "http://127.0.0.1:1", .alertmanager = {}});
    ASSERT_TRUE(probe.ok());
    const auto reading = (*probe)->read(Clock::now() + std::chrono::seconds(5));
    ASSERT_FALSE(reading.ok());
    EXPECT_THAT(reading.error().to_string(), HasSubstr("refused"));
}

}  // namespace
}  // namespace plimsoll
