// promtool makes blocks of a run's history, and Prometheus has in them what each tick said.
#include "exporters/prometheus/openmetrics_history.hpp"
#include "tests/integration/prometheus/live_run.hpp"
#include "tests/support/real_prometheus.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;
using test::promql_quoted;

double unix_s(const RunInfo& run, Clock::time_point at) {
    const auto wall = run.start.to_wall(at).time_since_epoch();
    return static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(wall).count()) / 1000;
}

std::string of(const EndpointInfo& endpoint) {
    return "{endpoint=" + promql_quoted(endpoint.name) + ",instance=\"i\"}";
}

/// Of a run of 20 ticks whose first probe falls silent after the 5th.
class History : public testing::Test {
protected:
    void write(Nanoseconds step) {
        OpenMetricsHistory history({path_, step, {{"instance", "i"}, {"job", "plimsoll"}}});
        ASSERT_TRUE(history.start(live_.run(), live_.probes()));
        for (int tick = 0; tick < 20; ++tick) {
            if (tick < 5) {
                history.on_reading(0, live_.reading(0, tick), LiveRun::healthy(1));
            } else {
                history.on_gap(0, {"postgres", {}, {}, "gone", true}, {});
            }
            snapshots_.push_back(live_.next(tick == 19));
            history.on_snapshot(snapshots_.back());
        }
        history.on_load_end();
        auto verdict = std::make_shared<RunVerdict>();
        verdict->final = true;
        verdict->findings = {{"app_pool_exhausted", "high"}};
        history.on_verdict(verdict);
        history.finish(Clock::now());
        ASSERT_TRUE(history.written()) << history.written().error().to_string();
    }

    void make_blocks() {
        test::ChildProcess promtool({"promtool", "tsdb", "create-blocks-from", "openmetrics",
                                     path_.string(), (folder_.path() / "data").string()},
                                    folder_.path() / "promtool.log");
        ASSERT_EQ(promtool.wait(60s), 0) << promtool.output();
        prometheus_.emplace("{}\n", std::vector<std::string>{"--storage.tsdb.retention.time=100y"},
                            folder_.path() / "data");
        ASSERT_TRUE(prometheus_->ready()) << prometheus_->log();
    }

    LiveRun live_;
    test::TempFolder folder_;
    std::filesystem::path path_ = folder_.path() / "history.txt";
    std::vector<SnapshotPtr> snapshots_;
    std::optional<test::RealPrometheus> prometheus_;
};

TEST_F(History, HasEveryTickInPrometheusOfBlocksThatPromtoolMade) {
    write(1s);
    make_blocks();
    for (const SnapshotPtr& tick : snapshots_) {
        const double at = unix_s(live_.run(), tick->to);
        for (std::size_t i = 0; i < 2; ++i) {
            const EndpointInfo& endpoint = live_.run().endpoints[i];
            const EndpointStats& total = tick->total[i];
            EXPECT_EQ(prometheus_->query("sum(plimsoll_requests_total" + of(endpoint) + ")", at),
                      total.requests);
            std::string bucket = of(endpoint);
            bucket.insert(bucket.size() - 1, ",le=\"0.25\"");
            EXPECT_EQ(prometheus_->query("plimsoll_response_seconds_bucket" + bucket, at),
                      total.response.count_at_most(250ms));
            EXPECT_DOUBLE_EQ(
                prometheus_->query("plimsoll_response_seconds_sum" + of(endpoint), at).value_or(-1),
                to_seconds(total.response.sum()));
        }
    }
    const double end = unix_s(live_.run(), snapshots_.back()->to) + 0.001;
    EXPECT_EQ(prometheus_->query("plimsoll_finding{cause=\"app_pool_exhausted\"}", end), 1);
    EXPECT_EQ(prometheus_->query("count_over_time(plimsoll_iterations_total[1h])", end), 21);
    // Five of the probe's, as long as it spoke.
    EXPECT_EQ(prometheus_->query("count_over_time(plimsoll_pg_max_connections[1h])", end), 5);
}

TEST_F(History, KeepsTheStepAndTheEnd) {
    write(5s);
    make_blocks();
    const double end = unix_s(live_.run(), snapshots_.back()->to);
    // After 1, 6, 11 and 16 s, and the end.
    EXPECT_EQ(prometheus_->query("count_over_time(plimsoll_iterations_total[1h])", end), 5);
    EXPECT_EQ(prometheus_->query("plimsoll_iterations_total", end),
              snapshots_.back()->total_counts.iterations_completed);
}

TEST_F(History, SaysWhereItCannotBeWritten) {
    OpenMetricsHistory history({folder_.path() / "missing" / "history.txt"});
    const Status started = history.start(live_.run(), live_.probes());
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().to_string().find("history.txt: cannot be written: No such file"),
              std::string::npos);
}

}  // namespace
}  // namespace plimsoll
