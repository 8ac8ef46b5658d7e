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
      "updatedAt":"2026-01-01T00:00:03Z","generatorURL":"","labels":{"alertname":"Full","pool":"b"}}])";

TEST(AlertList, HasWhatTheServersSay) {
    const auto list = read_prometheus_alerts(kPrometheus);
    ASSERT_TRUE(list.ok());
    ASSERT_EQ(list->size(), 2U);
    EXPECT_EQ(list->at("Slow{job=\"a\"}").state, "pending");
    EXPECT_EQ(list->at("Full{pool=\"b\"}").since, "2026-01-01T00:00:01Z");
    const auto got = read_alertmanager_alerts(kAlertmanager);
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->at("Full{pool=\"b\"}").state, "notified");
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
    const AlertList before{{"A{}", {"A", "pending", "t1"}},
                           {"B{}", {"B", "firing", ""}},
                           {"C{}", {"C", "pending", ""}},
                           {"D{}", {"D", "firing", ""}}};
    const AlertList now{{"A{}", {"A", "firing", "t1"}},
                        {"D{}", {"D", "firing", ""}},
                        {"E{}", {"E", "notified", "t2"}}};
    EXPECT_THAT(alert_changes(before, now),
                ElementsAre("alert A{}: firing (active since t1)",
                            "alert E{}: reached the Alertmanager (active since t2)",
                            "alert B{}: resolved", "alert C{}: no longer pending"));
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
