// A real Prometheus scrapes the forms that it asks for: OpenMetrics, and protobuf with native
// histograms.
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "tests/integration/prometheus/live_run.hpp"
#include "tests/support/http_exchange.hpp"
#include "tests/support/real_prometheus.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;
using test::promql_quoted;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace json = boost::json;

class Forms : public testing::Test {
protected:
    Forms() : exporter_(make_prometheus_exporter({"127.0.0.1", 0})) {
        EXPECT_TRUE(exporter_->start(live_.run(), live_.probes()));
        for (int tick = 0; tick < 12; ++tick) {
            auto snapshot = std::make_shared<Snapshot>(*live_.next(tick == 11));
            IterationTrace trace;
            trace.trace_id = {0xaa, 0xbb};
            RequestSpan& request = trace.requests.emplace_back();
            request.completed = snapshot->to - 10ms;
            request.sent = request.due = request.completed - 40ms;
            snapshot->traces = {trace};
            last_ = snapshot;
            exporter_->on_snapshot(last_);
        }
    }

    void scrape_with(const std::vector<std::string>& flags) {
        prometheus_.emplace(
            fmt::format("global: {{scrape_interval: 100ms, scrape_timeout: 100ms}}\n"
                        "scrape_configs:\n  - job_name: plimsoll\n    static_configs:\n"
                        "      - targets: ['127.0.0.1:{}']\n",
                        exporter_->bound_port()),
            flags);
        ASSERT_TRUE(prometheus_->reaches("up", 1)) << prometheus_->log();
    }

    test::HttpAnswer get(const std::string& accept) const {
        test::HttpAsk ask;
        ask.target = "/metrics";
        ask.headers = {{"Accept", accept}};
        const auto answer = test::exchange(exporter_->bound_port(), ask);
        EXPECT_TRUE(answer);
        return answer.value_or(test::HttpAnswer{});
    }

    static std::string of(const EndpointInfo& endpoint) {
        return "{endpoint=" + promql_quoted(endpoint.name) + "}";
    }

    void expect_exemplar() {
        const json::value found = json::parse(prometheus_->get(
            "/api/v1/query_exemplars?query=%7B__name__%3D~%22plimsoll_response_seconds.*%22%7D"
            "&start=0&end=99999999999"));
        const json::array& series = found.at("data").as_array();
        ASSERT_FALSE(series.empty());
        for (const json::value& each : series) {
            EXPECT_EQ(each.at("seriesLabels").at("endpoint").as_string(),
                      live_.run().endpoints[0].name);
            EXPECT_THAT(
                std::string(each.at("exemplars").at(0).at("labels").at("trace_id").as_string()),
                StartsWith("aabb0000"));
        }
    }

    LiveRun live_;
    std::unique_ptr<PrometheusExporter> exporter_;
    SnapshotPtr last_;
    std::optional<test::RealPrometheus> prometheus_;
};

TEST_F(Forms, OpenMetricsIsTakenWithItsExemplars) {
    scrape_with({"--enable-feature=exemplar-storage"});
    EXPECT_EQ(prometheus_->query("sum(plimsoll_requests_total)"), last_->merged_total().requests);
    for (std::size_t i = 0; i < 2; ++i) {
        const Histogram& times = last_->total[i].response;
        const std::string series = of(live_.run().endpoints[i]);
        EXPECT_EQ(prometheus_->query("plimsoll_response_seconds_count" + series), times.count());
        std::string bucket = series;
        bucket.insert(bucket.size() - 1, ",le=\"0.25\"");
        EXPECT_EQ(prometheus_->query("plimsoll_response_seconds_bucket" + bucket),
                  times.count_at_most(250ms));
    }
    expect_exemplar();
    const test::HttpAnswer page = get("application/openmetrics-text;version=1.0.0");
    EXPECT_EQ(page.header("content-type"),
              "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_THAT(page.body, HasSubstr("# TYPE plimsoll_requests counter\n"));
    EXPECT_THAT(page.body, HasSubstr("# UNIT plimsoll_response_seconds seconds\n"));
    EXPECT_TRUE(page.body.ends_with("# EOF\n"));
}

TEST_F(Forms, ProtobufIsTakenWithNativeHistogramsAndExemplars) {
    scrape_with({"--enable-feature=native-histograms,exemplar-storage"});
    EXPECT_EQ(prometheus_->query("sum(plimsoll_requests_total)"), last_->merged_total().requests);
    EXPECT_EQ(prometheus_->query("plimsoll_run_info{run=\"" + live_.run().id + "\"}"), 1);
    for (std::size_t i = 0; i < 2; ++i) {
        const Histogram& times = last_->total[i].response;
        const std::string series = "plimsoll_response_seconds" + of(live_.run().endpoints[i]);
        EXPECT_EQ(prometheus_->query("histogram_count(" + series + ")"), times.count());
        EXPECT_DOUBLE_EQ(prometheus_->query("histogram_sum(" + series + ")").value_or(-1),
                         to_seconds(times.sum()));
        for (const double q : {0.5, 0.95, 0.99}) {
            const double ours = to_seconds(times.quantile(q));
            EXPECT_NEAR(prometheus_->query(fmt::format("histogram_quantile({}, {})", q, series))
                            .value_or(-1),
                        ours, ours * 0.026);
        }
    }
    expect_exemplar();
}

TEST_F(Forms, EverythingElseGetsText) {
    EXPECT_THAT(get("text/html,*/*;q=0.8").body,
                HasSubstr("# TYPE plimsoll_requests_total counter\n"));
}

}  // namespace
}  // namespace plimsoll
