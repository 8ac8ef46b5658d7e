// The endpoint as a scraper sees it, with promtool as the judge of its form.
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "tests/integration/prometheus/exposition.hpp"
#include "tests/integration/prometheus/live_run.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/http_exchange.hpp"
#include "tests/support/temp_folder.hpp"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;
using testing::HasSubstr;

class PrometheusEndpoint : public testing::Test {
protected:
    PrometheusEndpoint() : exporter_(make_prometheus_exporter({"127.0.0.1", 0})) {
        const Status started = exporter_->start(live_.run(), live_.probes());
        EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().to_string());
    }

    void read_all(double seconds) {
        for (std::size_t probe = 0; probe < live_.probes().size(); ++probe) {
            exporter_->on_reading(probe, live_.reading(probe, seconds), LiveRun::healthy(1));
        }
    }

    std::string scrape() {
        const auto answer = test::get(exporter_->bound_port(), "/metrics");
        EXPECT_TRUE(answer && answer->status == 200);
        return answer ? answer->body : "";
    }

    /// What `promtool check metrics` has to say; empty when it finds nothing.
    static std::string promtool(const std::string& text) {
        const test::TempFolder folder;
        const auto input = folder.write("metrics", text);
        test::ChildProcess tool({"sh", "-c", "promtool check metrics < " + input.string()},
                                folder.path() / "out");
        const int code = tool.wait(60s);
        return tool.output() + (code == 0 ? "" : "exit code " + std::to_string(code));
    }

    LiveRun live_;
    std::unique_ptr<PrometheusExporter> exporter_;
};

TEST_F(PrometheusEndpoint, PassesPromtoolFromBeforeTheFirstSnapshotToAGap) {
    EXPECT_EQ(promtool(scrape()), "");
    exporter_->on_snapshot(live_.next());
    read_all(1);
    const std::string full = scrape();
    EXPECT_THAT(full, HasSubstr("plimsoll_pg_max_connections 100"));
    EXPECT_EQ(promtool(full), "");
    exporter_->on_gap(0, {"postgres", {}, {}, "connection refused", true}, {false, 1, 2, 1, 2ms});
    const std::string gap = scrape();
    EXPECT_THAT(gap, testing::Not(HasSubstr("plimsoll_pg_max_connections 100")));
    EXPECT_THAT(gap, HasSubstr("plimsoll_probe_up{probe=\"postgres\"} 0"));
    EXPECT_EQ(promtool(gap), "");
}

TEST_F(PrometheusEndpoint, PromtoolTestItselfCanFail) {
    EXPECT_NE(promtool("# TYPE plimsoll_x counter\nplimsoll_x 1\n"), "");
}

TEST_F(PrometheusEndpoint, StartsItsCountersAtZeroSoThatTheFirstTickIsSeen) {
    const auto before = test::read_exposition(scrape());
    EXPECT_EQ(before.series.at("plimsoll_iterations_total"), 0);
    EXPECT_EQ(before.series.at("plimsoll_response_seconds_count{user=\"reader\","
                               "endpoint=\"/v1/deployments [LIST]\",method=\"GET\"}"),
              0);
}

TEST_F(PrometheusEndpoint, CarriesTheThresholdLimitsAsBucketBounds) {
    exporter_->on_snapshot(live_.next());
    EXPECT_THAT(scrape(),
                HasSubstr("endpoint=\"/v1/deployments [LIST]\",method=\"GET\",le=\"0.25\"}"));
}

TEST_F(PrometheusEndpoint, NeverLetsACounterFallWhileSnapshotsComeAndScrapesRun) {
    std::atomic<bool> done{false};
    std::atomic<int> scrapes{0};
    const auto scraper = [&] {
        test::Exposition last;
        while (!done || scrapes < 6) {
            auto now = test::read_exposition(scrape());
            for (const auto& [name, value] : last.series) {
                const std::string family = name.substr(0, name.find('{'));
                if (family.rfind("plimsoll_", 0) == 0 &&
                    (family.ends_with("_total") || family.ends_with("_count") ||
                     family.ends_with("_bucket") || family.ends_with("_sum"))) {
                    ASSERT_GE(now.series[name], value) << name;
                }
            }
            last = std::move(now);
            ++scrapes;
        }
    };
    std::thread one(scraper);
    std::thread two(scraper);
    for (int tick = 0; tick < 30; ++tick) {
        exporter_->on_snapshot(live_.next(tick == 29));
        read_all(tick);
    }
    done = true;
    one.join();
    two.join();
    EXPECT_GE(scrapes, 6);
}

TEST_F(PrometheusEndpoint, KeepsTheFinalFiguresUntilFinishAndThenClosesThePort) {
    exporter_->on_snapshot(live_.next());
    const SnapshotPtr last = live_.next(true);
    exporter_->on_snapshot(last);
    const auto shown = test::read_exposition(scrape());
    EXPECT_EQ(shown.series.at("plimsoll_iterations_total"),
              static_cast<double>(last->total_counts.iterations_completed));
    const std::uint16_t port = exporter_->bound_port();
    exporter_->finish(Clock::now() + 1s);
    EXPECT_FALSE(test::get(port, "/metrics"));
}

TEST_F(PrometheusEndpoint, ServesLoopbackOnlyWhereNotAskedOtherwise) {
    EXPECT_EQ(exporter_->url(),
              "http://127.0.0.1:" + std::to_string(exporter_->bound_port()) + "/metrics");
    EXPECT_EQ(PrometheusOptions{}.address, "127.0.0.1");
}

TEST_F(PrometheusEndpoint, SaysWhichPortIsInUse) {
    const auto second = make_prometheus_exporter({"127.0.0.1", exporter_->bound_port()});
    const Status started = second->start(live_.run(), {});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().to_string(),
              "127.0.0.1:" + std::to_string(exporter_->bound_port()) +
                  ": cannot listen: Address already in use (choose another "
                  "port, or 0 for a free one)");
    EXPECT_EQ(second->bound_port(), 0);
}

TEST_F(PrometheusEndpoint, TakesItsPortAgainRightAfterARunOnIt) {
    const std::uint16_t port = exporter_->bound_port();
    scrape();
    exporter_.reset();
    exporter_ = make_prometheus_exporter({"127.0.0.1", port});
    const Status again = exporter_->start(live_.run(), live_.probes());
    ASSERT_TRUE(again.ok()) << again.error().to_string();
    EXPECT_THAT(scrape(), HasSubstr("plimsoll_run_info"));
}

TEST_F(PrometheusEndpoint, RefusesAnAddressThatIsNone) {
    for (const std::string address : {"example.test", ""}) {
        const auto exporter = make_prometheus_exporter({address, 0});
        const Status started = exporter->start(live_.run(), {});
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error().to_string(),
                  address + ":0: not an address to listen on (use a numeric one, e.g. 127.0.0.1)");
    }
}

TEST_F(PrometheusEndpoint, ServesAnIpv6Address) {
    const auto exporter = make_prometheus_exporter({"::1", 0});
    ASSERT_TRUE(exporter->start(live_.run(), {}));
    EXPECT_EQ(exporter->url(),
              "http://[::1]:" + std::to_string(exporter->bound_port()) + "/metrics");
}

TEST_F(PrometheusEndpoint, SaysWhereTheMetricsAreAndThatTheyCanOnlyBeRead) {
    const auto other = test::get(exporter_->bound_port(), "/");
    ASSERT_TRUE(other);
    EXPECT_EQ(other->status, 404);
    EXPECT_THAT(other->body, HasSubstr("/metrics"));
}

TEST_F(PrometheusEndpoint, ShowsTheCountsOfAllExportersOnceItIsTold) {
    exporter_->on_dropped(3);
    EXPECT_THAT(scrape(), HasSubstr("plimsoll_exporter_dropped_total{exporter=\"prometheus\"} 3"));
    exporter_->on_deliveries(std::make_shared<const ExporterCounts>(
        ExporterCounts{{"otlp", {"spans", 5, 0, 0, 9, ""}}}));
    exporter_->on_dropped(4);
    const std::string text = scrape();
    EXPECT_THAT(text, HasSubstr("plimsoll_exporter_dropped_total{exporter=\"otlp\"} 9"));
    EXPECT_THAT(text, HasSubstr("plimsoll_exporter_sent_total{exporter=\"otlp\"} 5"));
    EXPECT_THAT(text, testing::Not(HasSubstr("exporter=\"prometheus\"")));
}

TEST_F(PrometheusEndpoint, HasNoGaugesOfProbesThatReadNoMore) {
    const auto exporter = make_prometheus_exporter({"127.0.0.1", 0});
    ASSERT_TRUE(exporter->start(live_.run(), live_.probes()));
    for (std::size_t probe = 0; probe < live_.probes().size(); ++probe) {
        exporter->on_reading(probe, live_.reading(probe, 1), test::LiveRun::healthy(1));
    }
    exporter->on_load_end();
    exporter->on_reading(0, live_.reading(0, 2), test::LiveRun::healthy(2));  // was under way
    const auto answer = test::get(exporter->bound_port(), "/metrics");
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->body, testing::Not(HasSubstr("\nplimsoll_pg_backends{")));
    EXPECT_THAT(answer->body,
                testing::Not(testing::ContainsRegex("plimsoll_probe_up\\{[^}]*\\} 1")));
    EXPECT_THAT(answer->body, HasSubstr("plimsoll_container_cpu_seconds_total{"));
}

TEST_F(PrometheusEndpoint, KnowsWhoScrapesIt) {
    const auto exporter = make_prometheus_exporter({"127.0.0.1", 0});
    EXPECT_TRUE(exporter->scrapes().empty());
    ASSERT_TRUE(exporter->start(live_.run(), {}));
    ASSERT_TRUE(test::get(exporter->bound_port(), "/metrics"));
    ASSERT_TRUE(test::get(exporter->bound_port(), "/other"));
    ASSERT_EQ(exporter->scrapes().size(), 1U);
    EXPECT_EQ(exporter->scrapes()[0].count, 1U);
    EXPECT_FALSE(exporter->scrapes()[0].by_scraper);
}

}  // namespace
}  // namespace plimsoll
