#include "analysis/analyse.hpp"
#include "analysis/thresholds.hpp"
#include "store/run_reader.hpp"
#include "tests/support/synthetic_run.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Threshold on_probe(const std::string& metric, Statistic statistic, double limit) {
    Threshold threshold;
    threshold.metric = ThresholdMetric::Probe;
    threshold.probe_metric = metric;
    threshold.statistic = statistic;
    threshold.limit = limit;
    return threshold;
}

/// Feeds ticks of one second, of one request each.
class Watch {
public:
    explicit Watch(std::vector<Threshold> thresholds) {
        info_.endpoints = {{"reader", "/a", "GET"}, {"writer", "/a", "POST"}};
        info_.thresholds = std::move(thresholds);
        total_.resize(2);
        watch_.emplace(info_);
    }
    void tick(int ms, std::uint16_t status = 200, EndpointId endpoint = 0) {
        std::vector<EndpointStats> delta(2);
        Sample sample;
        sample.completed = sample.due + milliseconds(ms);
        sample.sent = sample.due;
        sample.status = status;
        sample.outcome = status < 400   ? Outcome::Ok
                         : status < 500 ? Outcome::Http4xx
                                        : Outcome::Http5xx;
        delta[endpoint].record(sample);
        total_[endpoint].record(sample);
        const LoadCounts none;
        watch_->on_tick(now_s_, now_s_ + 1, {delta, none}, {total_, none});
        now_s_ += 1;
    }
    /// One reading, in the middle of the tick that comes.
    void read(const std::string& probe, const MetricDescriptor& metric, std::vector<Value> values) {
        watch_->on_reading(probe, std::vector{metric}, now_s_ + 0.5, values);
    }
    [[nodiscard]] ThresholdResult result(std::size_t index = 0, bool finished = true) const {
        return watch_->results(finished)[index];
    }
    [[nodiscard]] bool fails_now(std::size_t index = 0) const { return watch_->fails_now(index); }

private:
    RunInfo info_;
    std::vector<EndpointStats> total_;
    std::optional<ThresholdWatch> watch_;
    double now_s_ = 0;
};

Threshold windowed(Statistic statistic, double limit_s, int window_s) {
    Threshold threshold;
    threshold.statistic = statistic;
    threshold.limit = limit_s;
    threshold.window = seconds(window_s);
    return threshold;
}

TEST(ThresholdWatch, JudgesEveryWindowAndKeepsTheWorst) {
    Watch watch({windowed(Statistic::Avg, 0.030, 3)});
    const int ms[] = {10, 10, 10, 40, 40, 40, 10, 10, 10};
    bool failing[9] = {};
    for (int i = 0; i < 9; ++i) {
        watch.tick(ms[i]);
        failing[i] = watch.fails_now();
    }
    // Means of three: 10, 20, 30, 40, 30, 20, 10 from the third tick on; 30 is not below 30.
    const bool expected[9] = {false, false, false, false, true, true, true, false, false};
    for (int i = 0; i < 9; ++i) {
        EXPECT_EQ(failing[i], expected[i]) << i;
    }
    EXPECT_FALSE(watch.result().ok);
    EXPECT_DOUBLE_EQ(watch.result().value.value(), 0.040);
}

TEST(ThresholdWatch, WaitsForAWholeWindow) {
    Watch watch({windowed(Statistic::Max, 0.001, 5)});
    for (int i = 0; i < 4; ++i) {
        watch.tick(100);
        EXPECT_FALSE(watch.fails_now()) << i;
    }
    EXPECT_TRUE(watch.result(0, false).ok);
    EXPECT_FALSE(watch.result(0, false).value.has_value());
    // Where the run ends here, it is shorter than a window, and judged as one.
    EXPECT_FALSE(watch.result(0, true).ok);
    EXPECT_DOUBLE_EQ(watch.result(0, true).value.value(), 0.100);
    watch.tick(100);
    EXPECT_TRUE(watch.fails_now());
}

TEST(ThresholdWatch, TakesTheLowestWindowWhereMoreIsAskedFor) {
    Threshold rate;
    rate.metric = ThresholdMetric::Requests;
    rate.statistic = Statistic::Rate;
    rate.comparison = Comparison::Greater;
    rate.limit = 0.5;
    rate.window = seconds(2);
    rate.endpoints = {1};
    Watch watch({rate});
    watch.tick(1, 200, 1);
    watch.tick(1, 200, 1);  // 1/s
    watch.tick(1, 200, 0);  // 0.5/s of endpoint 1
    EXPECT_FALSE(watch.result().ok);
    EXPECT_DOUBLE_EQ(watch.result().value.value(), 0.5);
}

TEST(ThresholdWatch, SelectsByStatusOutcomeAndEndpoint) {
    Threshold status;
    status.metric = ThresholdMetric::Requests;
    status.statistic = Statistic::Count;
    status.status_low = 500;
    status.status_high = 599;
    Threshold outcome;
    outcome.metric = ThresholdMetric::Failed;
    outcome.statistic = Statistic::Rate;
    outcome.outcome = "http_4xx";
    Threshold endpoint = status;
    endpoint.endpoints = {1};
    Watch watch({status, outcome, endpoint});
    watch.tick(1, 200);
    watch.tick(1, 404);
    watch.tick(1, 503);
    watch.tick(1, 500, 1);
    EXPECT_DOUBLE_EQ(watch.result(0).value.value(), 2);
    EXPECT_DOUBLE_EQ(watch.result(1).value.value(), 0.25);
    EXPECT_DOUBLE_EQ(watch.result(2).value.value(), 1);
}

TEST(ThresholdWatch, AggregatesAProbesReadings) {
    const MetricDescriptor ratio{"plimsoll_pg_connections_used_ratio", MetricType::Gauge, "", {}};
    const double values[] = {0.2, 0.9, 0.4, 0.5};
    const struct {
        Statistic statistic;
        double expected;
    } rows[] = {{Statistic::Max, 0.9},
                {Statistic::Min, 0.2},
                {Statistic::Avg, 0.5},
                {Statistic::Med, 0.4},
                {Statistic::Last, 0.5}};
    for (const auto& row : rows) {
        Watch watch({on_probe(ratio.name, row.statistic, 0.8)});
        for (const double value : values) {
            watch.read("postgres", ratio, {{0, {}, value}});
            watch.tick(1);
        }
        EXPECT_DOUBLE_EQ(watch.result().value.value(), row.expected);
        EXPECT_EQ(watch.result().ok, row.expected < 0.8);
    }
}

TEST(ThresholdWatch, AddsUpWhatIsCountedAndTakesTheHighestOfShares) {
    const MetricDescriptor backends{"plimsoll_pg_backends", MetricType::Gauge, "", {"state"}};
    Threshold active = on_probe(backends.name, Statistic::Max, 100);
    active.labels = {{"state", "active"}};
    Watch watch({on_probe(backends.name, Statistic::Max, 100), active});
    watch.read("postgres", backends, {{0, {"active"}, 3}, {0, {"idle"}, 4}, {0, {"active"}, 2}});
    watch.tick(1);
    EXPECT_DOUBLE_EQ(watch.result(0).value.value(), 9);
    EXPECT_DOUBLE_EQ(watch.result(1).value.value(), 5);

    const MetricDescriptor canary{"plimsoll_canary_seconds", MetricType::Gauge, "", {"canary"}};
    Watch times({on_probe(canary.name, Statistic::Avg, 100)});
    times.read("canary", canary, {{0, {"a"}, 0.1}, {0, {"b"}, 0.3}});
    times.tick(1);
    EXPECT_DOUBLE_EQ(times.result().value.value(), 0.3);
}

TEST(ThresholdWatch, TakesACounterForItsGrowth) {
    const MetricDescriptor cpu{
        "plimsoll_container_cpu_seconds_total", MetricType::Counter, "", {"role"}};
    Watch watch({on_probe(cpu.name, Statistic::Max, 1), on_probe(cpu.name, Statistic::Rate, 1),
                 on_probe(cpu.name, Statistic::Count, 1)});
    for (const double value : {100.0, 100.5, 102.0, 2.0, 2.5}) {  // restarted before the fourth
        watch.read("process:app", cpu, {{0, {"app"}, value}});
        watch.tick(1);
    }
    EXPECT_DOUBLE_EQ(watch.result(0).value.value(), 1.5);
    EXPECT_DOUBLE_EQ(watch.result(1).value.value(), 2.5 / 4);
    EXPECT_DOUBLE_EQ(watch.result(2).value.value(), 2.5);
}

TEST(ThresholdWatch, FailsAtTheEndWhereNothingWasReadOfATarget) {
    Watch watch({on_probe("plimsoll_pg_connections_used_ratio", Statistic::Max, 0.8)});
    watch.tick(1);
    EXPECT_TRUE(watch.result(0, false).ok) << "it may still come";
    EXPECT_FALSE(watch.result(0, true).ok) << "a gate that saw nothing must not pass";
    EXPECT_FALSE(watch.result(0, true).value.has_value());
}

TEST(SlidingSums, GiveTheSumOfTheLastTicksHoweverManyWentBy) {
    SlidingSums sums(4);
    for (std::uint64_t i = 0; i < 100; ++i) {
        LoadSums one;
        one.stats.requests = i;
        one.seconds = 1;
        sums.add(static_cast<double>(i), static_cast<double>(i + 1), std::move(one));
        const auto sum = sums.sum();
        ASSERT_EQ(sum.has_value(), i >= 3) << i;
        if (sum) {
            EXPECT_EQ(sum->stats.requests, i + (i - 1) + (i - 2) + (i - 3));
            EXPECT_DOUBLE_EQ(sum->seconds, 4);
        }
    }
}

/// A pool of 5 held for 20 ms carries 250/s: 100/s in the first stage, 400/s in the second.
TEST(JudgeRun, JudgesARunFileStageByStageAndItsProbesAsALiveRunDoes) {
    synthetic::Options options;
    options.start = 100;
    options.stages = {{20, 100}, {0, 400}, {20, 400}};
    Threshold sla = windowed(Statistic::Quantile, 0.2, 0);
    sla.quantile = 0.95;
    sla.sla = true;
    Threshold window = windowed(Statistic::Quantile, 0.2, 5);
    window.quantile = 0.95;
    Threshold used = on_probe("plimsoll_pg_max_connections", Statistic::Last, 1000);
    Threshold nothing = on_probe("plimsoll_pgbouncer_clients_waiting", Statistic::Max, 10);
    options.thresholds = {sla, window, used, nothing};
    const test::TempFolder folder;
    ASSERT_TRUE(synthetic::write_run(folder.path() / "run.db", options));
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader) << reader.error().to_string();
    EXPECT_EQ(reader->info().thresholds[1].window, seconds(5));
    EXPECT_TRUE(reader->info().thresholds[0].sla);
    const auto analysis = analyse(*reader);
    ASSERT_TRUE(analysis) << analysis.error().to_string();
    const auto& results = analysis->thresholds;
    ASSERT_EQ(results.size(), 4U);
    ASSERT_EQ(results[0].stages.size(), analysis->stages.size());
    EXPECT_TRUE(results[0].stages.front().ok) << *results[0].stages.front().value;
    EXPECT_LT(results[0].stages.front().value.value(), 0.1);
    EXPECT_FALSE(results[0].stages.back().ok);
    EXPECT_FALSE(results[0].ok);
    EXPECT_FALSE(results[1].ok);
    EXPECT_GE(results[1].value.value(), results[0].value.value()) << "the worst five seconds";
    EXPECT_EQ(results[2].ok, true);
    EXPECT_DOUBLE_EQ(results[2].value.value(), options.max_connections);
    EXPECT_FALSE(results[3].ok);
}

}  // namespace
}  // namespace plimsoll
