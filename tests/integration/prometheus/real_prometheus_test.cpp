// A real Prometheus scrapes the endpoint; what it stores must be the snapshot, figure by figure.
#include "tests/support/real_prometheus.hpp"

#include "exporters/prometheus/prometheus_exporter.hpp"
#include "tests/integration/prometheus/live_run.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;

using test::promql_quoted;
using test::RealPrometheus;

/// Ten times a second.
std::string scraping(std::uint16_t target) {
    return "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\n"
           "scrape_configs:\n  - job_name: plimsoll\n    static_configs:\n"
           "      - targets: ['127.0.0.1:" +
           std::to_string(target) + "']\n";
}

class ScrapedRun : public testing::Test {
protected:
    ScrapedRun() : exporter_(make_prometheus_exporter({"127.0.0.1", 0})) {
        EXPECT_TRUE(exporter_->start(live_.run(), live_.probes()));
        for (int tick = 0; tick < 12; ++tick) {
            last_ = live_.next(tick == 11);
            exporter_->on_snapshot(last_);
        }
        for (std::size_t probe = 0; probe < live_.probes().size(); ++probe) {
            exporter_->on_reading(probe, live_.reading(probe, 12), LiveRun::healthy(60));
        }
        prometheus_ = std::make_unique<RealPrometheus>(scraping(exporter_->bound_port()));
        EXPECT_TRUE(prometheus_->reaches("up", 1)) << prometheus_->log();
    }

    static std::string selector(const EndpointInfo& endpoint) {
        return "{user=" + promql_quoted(endpoint.user) +
               ",endpoint=" + promql_quoted(endpoint.name) +
               ",method=" + promql_quoted(endpoint.method) + "}";
    }

    LiveRun live_;
    std::unique_ptr<PrometheusExporter> exporter_;
    SnapshotPtr last_;
    std::unique_ptr<RealPrometheus> prometheus_;
};

TEST_F(ScrapedRun, IsInPrometheusExactlyAsInTheLastSnapshot) {
    std::uint64_t requests = 0;
    for (std::size_t i = 0; i < last_->total.size(); ++i) {
        const EndpointInfo& endpoint = live_.run().endpoints[i];
        const EndpointStats& stats = last_->total[i];
        requests += stats.requests;
        for (const StatusCount& entry : stats.statuses) {
            std::string with = selector(endpoint);
            with.pop_back();
            with += ",outcome=\"" + std::string(to_string(entry.outcome)) + "\",status=\"" +
                    (entry.status == 0 ? "" : std::to_string(entry.status)) + "\"}";
            EXPECT_EQ(prometheus_->query("plimsoll_requests_total" + with), entry.count) << with;
        }
        EXPECT_EQ(prometheus_->query("plimsoll_response_seconds_count" + selector(endpoint)),
                  stats.requests);
        EXPECT_DOUBLE_EQ(
            prometheus_->query("plimsoll_response_seconds_sum" + selector(endpoint)).value_or(-1),
            to_seconds(stats.response.sum()));
        std::string le = selector(endpoint);
        le.insert(le.size() - 1, ",le=\"0.25\"");
        EXPECT_EQ(prometheus_->query("plimsoll_response_seconds_bucket" + le),
                  stats.response.count_at_most(250ms));
        EXPECT_EQ(prometheus_->query("plimsoll_service_seconds_bucket" + le),
                  stats.service.count_at_most(250ms));
        EXPECT_EQ(prometheus_->query("plimsoll_send_lag_seconds_count" + selector(endpoint)),
                  stats.requests);
    }
    // The header by which a run knows that it is scraped, as the real one sends it.
    EXPECT_TRUE(exporter_->scrapes().at(0).by_scraper);
    ASSERT_GT(requests, 1000U);
    EXPECT_EQ(prometheus_->query("sum(plimsoll_requests_total)"), requests);
}

TEST_F(ScrapedRun, GivesPrometheusQuantilesWithinABucketOfTheReports) {
    std::size_t compared = 0;
    for (std::size_t i = 0; i < last_->total.size(); ++i) {
        for (const auto& [q, text] : {std::pair{0.5, "0.5"}, {0.95, "0.95"}, {0.99, "0.99"}}) {
            const Histogram& times = last_->total[i].response;
            const double ours = to_seconds(times.quantile(q));
            if (times.count() == 0 || ours < 0.001 || ours > 10) {
                continue;
            }
            const double theirs = prometheus_
                                      ->query("histogram_quantile(" + std::string(text) +
                                              ", plimsoll_response_seconds_bucket" +
                                              selector(live_.run().endpoints[i]) + ")")
                                      .value_or(-1);
            EXPECT_LE(theirs, ours * 1.25) << text << " of endpoint " << i;
            EXPECT_GE(theirs, ours / 1.25) << text << " of endpoint " << i;
            ++compared;
        }
    }
    EXPECT_GE(compared, 6U);
}

TEST_F(ScrapedRun, ShowsLoadAndProbesToPrometheus) {
    const LoadCounts& counts = last_->total_counts;
    EXPECT_EQ(prometheus_->query("plimsoll_iterations_total"), counts.iterations_completed);
    EXPECT_EQ(prometheus_->query("plimsoll_dropped_iterations_total{reason=\"user_cap\"}"),
              counts.not_sent_user_cap);
    EXPECT_EQ(prometheus_->query("plimsoll_connects_total{result=\"failed\"}"),
              counts.connects_failed);
    EXPECT_EQ(prometheus_->query("plimsoll_offered_rate"), 0);  // the run is over
    EXPECT_EQ(prometheus_->query("plimsoll_in_flight_requests"), last_->state.in_flight);
    EXPECT_EQ(prometheus_->query("plimsoll_generator_cpu_ratio{shard=\"1\"}"), 0.125);
    EXPECT_EQ(prometheus_->query("plimsoll_generator_loop_lag_seconds"), 0.003);
    EXPECT_EQ(prometheus_->query("sum(plimsoll_pg_backends)"), 5);
    EXPECT_EQ(prometheus_->query("plimsoll_pg_max_connections"), 100);
    EXPECT_DOUBLE_EQ(
        prometheus_->query("plimsoll_container_cpu_seconds_total{role=\"database\"}").value_or(-1),
        0.3 * 6);
    EXPECT_EQ(prometheus_->query("count(plimsoll_probe_up == 1)"), live_.probes().size());
    EXPECT_EQ(prometheus_->query("plimsoll_run_info{run=\"" + live_.run().id + "\"}"), 1);
}

TEST_F(ScrapedRun, StaysOneSeriesWhenItGoesOn) {
    const SnapshotPtr more = live_.next(true);
    exporter_->on_snapshot(more);
    std::uint64_t requests = 0;
    for (const EndpointStats& stats : more->total) {
        requests += stats.requests;
    }
    EXPECT_TRUE(
        prometheus_->reaches("sum(plimsoll_requests_total)", static_cast<double>(requests)));
    EXPECT_EQ(prometheus_->query("count(plimsoll_run_info)"), 1);
}

}  // namespace
}  // namespace plimsoll
