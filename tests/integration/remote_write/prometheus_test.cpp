// A real Prometheus takes a whole run by remote write; what it has then must be the run.
#include "exporters/remote_write/remote_write_exporter.hpp"
#include "tests/integration/prometheus/live_run.hpp"
#include "tests/support/real_prometheus.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;
using test::promql_quoted;
namespace json = boost::json;

constexpr int kTicks = 12;

std::string of(const EndpointInfo& endpoint, const std::string& more = "") {
    return "{endpoint=" + promql_quoted(endpoint.name) + more + "}";
}

class Written : public testing::Test {
protected:
    static std::vector<std::string> flags() {
        return {"--web.enable-remote-write-receiver",
                "--enable-feature=native-histograms,exemplar-storage"};
    }

    /// The whole run; the first probe is silent from the fifth tick on.
    void write(RemoteWriteOptions options) {
        ASSERT_TRUE(prometheus_.ready()) << prometheus_.log();
        options.access.endpoint = *parse_url(prometheus_.url() + "/api/v1/write");
        options.labels = {{"job", "plimsoll"}, {"instance", "i"}};
        auto made = RemoteWriteExporter::make(std::move(options));
        ASSERT_TRUE(made) << made.error().to_string();
        RemoteWriteExporter& exporter = **made;
        ASSERT_TRUE(exporter.start(live_.run(), live_.probes()));
        for (int tick = 0; tick < kTicks; ++tick) {
            if (tick < 5) {
                exporter.on_reading(0, live_.reading(0, tick), LiveRun::healthy(1));
            } else {
                exporter.on_gap(0, {"postgres", {}, {}, "gone", true}, {});
            }
            snapshots_.push_back(traced(live_.next(tick == kTicks - 1), tick));
            exporter.on_snapshot(snapshots_.back());
        }
        exporter.on_load_end();
        auto verdict = std::make_shared<RunVerdict>();
        verdict->final = true;
        verdict->thresholds = {{"http_req_duration: p(95)<250ms", false}};
        verdict->findings = {{"app_pool_exhausted", "high"}};
        exporter.on_verdict(verdict);
        exporter.finish(Clock::now() + 30s);
        deliveries_ = *exporter.deliveries();
    }

    /// With the trace of one request of the first endpoint, which took 40 ms.
    SnapshotPtr traced(const SnapshotPtr& snapshot, int tick) const {
        auto out = std::make_shared<Snapshot>(*snapshot);
        IterationTrace trace;
        trace.trace_id = {0xaa, static_cast<std::uint8_t>(tick)};
        RequestSpan& request = trace.requests.emplace_back();
        request.completed = snapshot->to - 10ms;
        request.due = request.completed - 40ms;
        request.sent = request.due;
        out->traces = {trace};
        return out;
    }

    [[nodiscard]] double unix_s(Clock::time_point at) const {
        const auto wall = live_.run().start.to_wall(at).time_since_epoch();
        return static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(wall).count()) /
               1000;
    }
    [[nodiscard]] double end() const { return unix_s(snapshots_.back()->to); }

    LiveRun live_;
    test::RealPrometheus prometheus_{"{}\n", flags()};
    std::vector<SnapshotPtr> snapshots_;
    Deliveries deliveries_;
};

TEST_F(Written, RunIsInPrometheusTickByTick) {
    write({});
    EXPECT_EQ(deliveries_.last_error, "");
    EXPECT_EQ(deliveries_.rejected + deliveries_.dropped, 0U);
    for (const SnapshotPtr& tick : snapshots_) {
        const double at = unix_s(tick->to);
        for (std::size_t i = 0; i < 2; ++i) {
            const EndpointInfo& endpoint = live_.run().endpoints[i];
            const EndpointStats& total = tick->total[i];
            EXPECT_EQ(prometheus_.query("sum(plimsoll_requests_total" + of(endpoint) + ")", at),
                      total.requests);
            EXPECT_EQ(prometheus_.query("plimsoll_response_seconds_count" + of(endpoint), at),
                      total.requests);
            EXPECT_EQ(prometheus_.query(
                          "plimsoll_response_seconds_bucket" + of(endpoint, ",le=\"0.25\""), at),
                      total.response.count_at_most(250ms));
            EXPECT_DOUBLE_EQ(
                prometheus_.query("plimsoll_response_seconds_sum" + of(endpoint), at).value_or(-1),
                to_seconds(total.response.sum()));
        }
        EXPECT_EQ(prometheus_.query("plimsoll_in_flight_requests", at), tick->state.in_flight);
    }
    EXPECT_EQ(prometheus_.query("plimsoll_run_info{run=\"" + live_.run().id +
                                    "\",job=\"plimsoll\",instance=\"i\"}",
                                end()),
              1);
}

TEST_F(Written, EndIsSeenByAQueryOfEverySecondAndThenTheSeriesEnd) {
    write({});
    EXPECT_EQ(prometheus_.query("plimsoll_finding{cause=\"app_pool_exhausted\"}", end() + 1), 1);
    EXPECT_EQ(prometheus_.query("plimsoll_threshold_ok", end() + 1), 0);
    EXPECT_EQ(prometheus_.query("sum(plimsoll_requests_total)", end() + 1),
              snapshots_.back()->merged_total().requests);
    EXPECT_EQ(prometheus_.query("count({job=\"plimsoll\"})", end() + 3), std::nullopt);
    // A gauge of a probe that fell silent ended then, its counters did not.
    const double gap = unix_s(snapshots_[5]->to);
    EXPECT_EQ(prometheus_.query("plimsoll_pg_max_connections", gap - 1), 100);
    EXPECT_EQ(prometheus_.query("plimsoll_pg_max_connections", gap), std::nullopt);
    EXPECT_EQ(prometheus_.query("count(plimsoll_probe_gaps_total{probe=\"postgres\"})", gap), 1);
}

TEST_F(Written, NativeHistogramsGiveQuantilesWithinTheirResolution) {
    RemoteWriteOptions options;
    options.form = {.classic = false, .native = true};
    write(std::move(options));
    EXPECT_EQ(deliveries_.last_error, "");
    for (std::size_t i = 0; i < 2; ++i) {
        const Histogram& times = snapshots_.back()->total[i].response;
        const std::string series = "plimsoll_response_seconds" + of(live_.run().endpoints[i]);
        EXPECT_EQ(prometheus_.query("histogram_count(" + series + ")", end()), times.count());
        EXPECT_DOUBLE_EQ(prometheus_.query("histogram_sum(" + series + ")", end()).value_or(-1),
                         to_seconds(times.sum()));
        for (const double q : {0.5, 0.9, 0.95, 0.99}) {
            const double ours = to_seconds(times.quantile(q));
            const double theirs =
                prometheus_.query(fmt::format("histogram_quantile({}, {})", q, series), end())
                    .value_or(-1);
            EXPECT_NEAR(theirs, ours, ours * 0.026) << q;
        }
    }
    EXPECT_EQ(prometheus_.query("count(plimsoll_response_seconds_bucket)", end()), std::nullopt);
    EXPECT_EQ(prometheus_.query("count({job=\"plimsoll\"})", end() + 3), std::nullopt);
}

TEST_F(Written, ExemplarsLeadToTheTrace) {
    write({});
    const std::string found =
        prometheus_.get("/api/v1/query_exemplars?query=plimsoll_response_seconds_bucket&start=" +
                        fmt::format("{:.3f}&end={:.3f}", end() - 60, end() + 1));
    const json::value parsed = json::parse(found.empty() ? "{}" : found);
    ASSERT_TRUE(parsed.as_object().contains("data")) << found;
    std::size_t count = 0;
    for (const json::value& series : parsed.at("data").as_array()) {
        EXPECT_EQ(series.at("seriesLabels").at("endpoint").as_string(),
                  live_.run().endpoints[0].name);
        EXPECT_EQ(series.at("seriesLabels").at("le").as_string(), "0.04");
        for (const json::value& exemplar : series.at("exemplars").as_array()) {
            EXPECT_EQ(exemplar.at("labels").at("trace_id").as_string(),
                      fmt::format("aa{:02x}0000000000000000000000000000", count));
            EXPECT_EQ(exemplar.at("value").as_string(), "0.04");
            ++count;
        }
    }
    EXPECT_EQ(count, kTicks);
}

TEST_F(Written, CountsWhatPrometheusTook) {
    write({});
    const json::value points = json::parse(prometheus_.get(fmt::format(
        "/api/v1/query?query=%7Bjob%3D%22plimsoll%22%7D%5B1h%5D&time={:.3f}", end() + 60)));
    std::uint64_t samples = 0;
    for (const json::value& series : points.at("data").at("result").as_array()) {
        samples += series.at("values").as_array().size();
    }
    const json::value all =
        json::parse(prometheus_.get("/api/v1/series?match%5B%5D=%7Bjob%3D%22plimsoll%22%7D"));
    // What a query gives leaves out the markers of ends: one a series.
    EXPECT_EQ(deliveries_.sent, samples + all.at("data").as_array().size());
}

}  // namespace
}  // namespace plimsoll
