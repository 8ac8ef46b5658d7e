#include "probes/app_metrics/app_metrics_probe.hpp"

#include "signal/names.hpp"
#include "tests/support/readings.hpp"
#include "tests/support/scripted_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::ok_response;
using test::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

ProbePtr probe_of(const ScriptedServer& server, AppMetricsOptions options = {}) {
    options.url = server.url() + "/metrics?token=secret";
    auto probe = make_app_metrics_probe(std::move(options));
    EXPECT_TRUE(probe.ok());
    return std::move(*probe);
}

TEST(AppMetricsProbe, ReportsPoolsAndNothingElse) {
    ScriptedServer server([](const std::string&, int) {
        return Answer{
            ok_response("go_goroutines 7\nhikaricp_connections_max{pool=\"a\"} 5\n"
                        "hikaricp_connections_pending{pool=\"a\"} 9\n")};
    });
    const ProbePtr probe = probe_of(server);
    EXPECT_TRUE(probe->waits_on_target());
    ASSERT_TRUE(probe->start(Clock::now() + 10s).ok());
    const auto reading = probe->read(Clock::now() + 10s);
    ASSERT_TRUE(reading.ok());
    EXPECT_EQ(reading->values.size(), 2U);
    EXPECT_THAT(test::values(*probe, *reading, metric::kAppPoolSize), ElementsAre(Pair("a", 5)));
    EXPECT_THAT(test::values(*probe, *reading, metric::kAppPoolPending), ElementsAre(Pair("a", 9)));
    EXPECT_THAT(server.seen().front(), HasSubstr("GET /metrics?token=secret HTTP/1.1\r\n"));
    EXPECT_EQ(server.connections(), 1U);
    for (const auto& [key, value] : probe->facts()) {
        EXPECT_THAT(value, Not(HasSubstr("secret"))) << key;
    }
}

TEST(AppMetricsProbe, TellsTheNamesOfASecondPageFromThoseOfTheFirst) {
    ScriptedServer server([](const std::string&, int) {
        return Answer{
            ok_response("hikaricp_connections_max{pool=\"a\"} 5\njetty_threads_busy 3\n"
                        "process_cpu_seconds_total 2\n")};
    });
    AppMetricsOptions options;
    options.name = "app_metrics-2";
    const ProbePtr probe = probe_of(server, options);
    const auto reading = probe->read(Clock::now() + 10s);
    ASSERT_TRUE(reading.ok());
    EXPECT_THAT(test::values(*probe, *reading, metric::kAppPoolSize),
                ElementsAre(Pair("a (app_metrics-2)", 5)));
    EXPECT_THAT(test::values(*probe, *reading, metric::kAppWorkersBusy),
                ElementsAre(Pair("jetty (app_metrics-2)", 3)));
    EXPECT_EQ(test::single(*probe, *reading, metric::kAppCpu), 2);
}

TEST(AppMetricsProbe, SaysWhyThereIsNoReading) {
    const auto error_for = [](const std::string& response) {
        ScriptedServer server([&](const std::string&, int) { return Answer{response}; });
        const Status started = probe_of(server)->start(Clock::now() + 10s);
        return started ? std::string("none") : started.error().to_string();
    };
    EXPECT_EQ(error_for("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
              "app_metrics: the metrics endpoint's answer has status 404");
    EXPECT_EQ(error_for(ok_response("<html></html>")),
              "app_metrics: the metrics cannot be read: line 1: is no sample of a metric: "
              "\"<html></html>\" (is this a Prometheus endpoint?)");
    EXPECT_EQ(error_for(ok_response("a 1\nb 2\n")),
              "app_metrics: none of its 2 series is of a pool, of workers or of a runtime that is "
              "known or mapped (name them, e.g. map: {pool_used: my_pool_busy})");
}

TEST(AppMetricsProbe, KeepsItsDeadlineWhereTheTargetHangs) {
    ScriptedServer server([](const std::string&, int) { return Answer{"", 600s}; });
    const ProbePtr probe = probe_of(server);
    const auto reading = probe->read(Clock::now() + 50ms);
    ASSERT_FALSE(reading.ok());
    EXPECT_EQ(reading.error().to_string(), "app_metrics: timed out waiting for the response");
}

TEST(AppMetricsProbe, RefusesWhatCannotBe) {
    AppMetricsOptions options;
    options.url = "unix:/run/app.sock";
    EXPECT_EQ(make_app_metrics_probe(options).error().what, "must be an http or https URL");
    options.url = "http://me:secret@127.0.0.1/metrics";
    const auto probe = make_app_metrics_probe(options);
    ASSERT_FALSE(probe.ok());
    EXPECT_THAT(probe.error().to_string(), Not(HasSubstr("secret")));
    options.url = "http://127.0.0.1/metrics";
    options.map = {{"pool_size", "rate(x)"}};
    EXPECT_FALSE(make_app_metrics_probe(options).ok());
}

}  // namespace
}  // namespace plimsoll
