#include "report/charts.hpp"

#include "signal/names.hpp"
#include "support/report/sample.hpp"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

using namespace std::chrono_literals;

StoredSeries series_of(const char* probe, const char* metric,
                       std::vector<std::pair<std::string, std::string>> labels,
                       std::vector<StoredSeries::Point> points) {
    StoredSeries series;
    series.probe = probe;
    series.metric = metric;
    series.labels = std::move(labels);
    series.points = std::move(points);
    return series;
}

std::vector<double> values_of(const Chart& chart, const std::string& label) {
    const auto found = std::find_if(chart.series.begin(), chart.series.end(),
                                    [&](const ChartSeries& one) { return one.label == label; });
    EXPECT_NE(found, chart.series.end()) << label;
    return found == chart.series.end() ? std::vector<double>{} : found->y;
}

RunData ten_seconds() {
    RunData data;
    for (int i = 0; i < 10; ++i) {
        TickRow row;
        row.from_s = i;
        row.to_s = i + 1;
        row.asked = 10.0 * (i + 1);  // a ramp: 10/s at 1 s, 100/s at 10 s
        data.ticks.push_back(row);
    }
    return data;
}

Analysis broke_at(double at_s, double low, double high) {
    Analysis analysis;
    analysis.duration_s = 10;
    analysis.breaking_point = {true, at_s, (low + high) / 2, {low, high}, ""};
    return analysis;
}

TEST(Markers, StretchTheOnsetToWhereTheLoadPassedItsInterval) {
    const auto all = markers(RunInfo{}, ten_seconds(), broke_at(6, 42, 78));
    ASSERT_TRUE(all.broke);
    EXPECT_EQ(all.broke->t_s, 6);
    // The ramp passes 42/s between 4 s and 5 s, 78/s between 7 s and 8 s; ticks are 1 s.
    EXPECT_NEAR(all.broke->from_s, 4.2, 1);
    EXPECT_NEAR(all.broke->to_s, 7.8, 1);
    EXPECT_LE(all.broke->from_s, 5);
    EXPECT_GE(all.broke->to_s, 7);
}

TEST(Markers, KeepTheOnsetNarrowWhereTheLoadIsConstant) {
    auto data = ten_seconds();
    for (auto& row : data.ticks) {
        row.asked = 50;
    }
    const auto all = markers(RunInfo{}, data, broke_at(6, 45, 55));
    EXPECT_EQ(all.broke->from_s, 5);
    EXPECT_EQ(all.broke->to_s, 7);
}

TEST(Markers, NameStageBoundariesOnce) {
    RunInfo info;
    ExecutorInfo executor{"a", ExecutorKind::RampingArrivalRate, true, 0, {}, 10};
    executor.stages = {{0s, 3s, 50}, {3s, 6s, 100}, {6s, 9s, 0}};
    info.executors = {executor, executor};
    const auto all = markers(info, ten_seconds(), broke_at(6, 45, 55));
    ASSERT_EQ(all.stages.size(), 2U);
    EXPECT_EQ(all.stages[0].t_s, 3);
    EXPECT_EQ(all.stages[0].label, "stage 2: to 100/s");
    EXPECT_EQ(all.stages[1].t_s, 6);
}

TEST(DatabaseChart, AddsUpBackendsByStateAndReading) {
    auto data = ten_seconds();
    const auto backend = [](const char* state, const char* user, const char* wait) {
        return std::vector<std::pair<std::string, std::string>>{
            {"datname", "d"}, {"usename", user}, {"state", state}, {"wait_event_type", wait}};
    };
    data.series = {
        series_of("postgres", metric::kPgBackends, backend("active", "a", ""), {{1, 2}, {2, 3}}),
        series_of("postgres", metric::kPgBackends, backend("active", "b", "Lock"), {{1, 1}}),
        series_of("postgres", metric::kPgBackends, backend("idle", "a", "Client"), {{2, 4}}),
        series_of("postgres", metric::kPgBackends, backend("idle in transaction", "a", "Client"),
                  {{1, 1}}),
        series_of("postgres", metric::kPgMaxConnections, {}, {{1, 100}, {2, 100}, {3, 100}})};
    Analysis analysis;
    analysis.findings.resize(1);
    analysis.findings[0].values = {{"pool_size", 5}};
    const auto chart = database_chart(data, analysis);
    ASSERT_TRUE(chart);
    EXPECT_THAT(chart->x, testing::ElementsAre(1, 2, 3));
    EXPECT_THAT(values_of(*chart, "busy (active)"), testing::ElementsAre(3, 3, 0));
    EXPECT_THAT(values_of(*chart, "idle"), testing::ElementsAre(0, 4, 0));
    EXPECT_THAT(values_of(*chart, "idle in transaction"), testing::ElementsAre(1, 0, 0));
    EXPECT_THAT(values_of(*chart, "total"), testing::ElementsAre(4, 7, 0));
    ASSERT_EQ(chart->lines.size(), 2U);
    EXPECT_EQ(chart->lines[0].value, 5);
    EXPECT_EQ(chart->lines[1].value, 100);
    EXPECT_EQ(chart->message,
              "At most 7 client connections, of which at most 3 were busy and 1 idle in a "
              "transaction; the application's pool ends at 5; the server allows 100.");
}

TEST(DatabaseChart, BreaksItsLinesInAGap) {
    auto data = ten_seconds();
    data.series = {series_of("postgres", metric::kPgMaxConnections, {}, {{1, 100}, {5, 100}})};
    data.gaps = {{"postgres", "gone", 1.5, 4.5, false}, {"other", "gone", 2, 3, false}};
    const auto chart = database_chart(data, Analysis{});
    EXPECT_THAT(chart->x, testing::ElementsAre(1, 3, 5));
    EXPECT_TRUE(std::isnan(values_of(*chart, "total")[1]));
}

TEST(DatabaseChart, IsLeftOutWithoutReadings) {
    EXPECT_FALSE(database_chart(ten_seconds(), Analysis{}));
}

TEST(CpuChart, TakesCoresFromTheCountersRise) {
    auto data = ten_seconds();
    std::vector<StoredSeries::Point> points;
    for (int i = 0; i <= 50; ++i) {  // 5 Hz, half a core
        points.push_back({i * 0.2, 7 + 0.5 * i * 0.2});
    }
    data.series = {
        series_of("a", metric::kContainerCpuSeconds, {{"container", "x"}, {"role", "app"}}, points),
        series_of("b", metric::kContainerCpuSeconds, {{"container", "y"}, {"role", "app"}}, points),
        series_of("c", metric::kContainerCpuSeconds, {{"container", "z"}, {"role", ""}}, points)};
    data.gaps = {{"c", "gone", 3.2, 3.9, false}};
    const auto chart = cpu_chart(RunInfo{}, data);
    ASSERT_TRUE(chart);
    for (const double cores : values_of(*chart, "app")) {
        EXPECT_NEAR(cores, 1.0, 1e-9);  // two containers of one role
    }
    const auto z = values_of(*chart, "z");
    EXPECT_NEAR(z[2], 0.5, 1e-9);
    EXPECT_TRUE(std::isnan(z[3]));
}

TEST(CpuChart, HasNoValueWhereACounterBeganAgain) {
    auto data = ten_seconds();
    data.series = {series_of("a", metric::kContainerCpuSeconds,
                             {{"container", "x"}, {"role", "app"}},
                             {{0, 5}, {1, 6}, {2, 0.5}, {3, 1.5}, {10, 8.5}})};
    const auto app = values_of(*cpu_chart(RunInfo{}, data), "app");
    EXPECT_NEAR(app[0], 1, 1e-9);
    EXPECT_TRUE(std::isnan(app[1]));
    EXPECT_NEAR(app[2], 1, 1e-9);
}

TEST(CanaryChart, MarksEveryRiseOfTheFailureCounter) {
    auto data = ten_seconds();
    data.series = {series_of("canary", metric::kCanarySeconds, {{"canary", "fresh_connect"}},
                             {{1, 0.003}, {3, 0.005}, {5, 0.004}}),
                   series_of("canary", metric::kCanaryFailures, {{"canary", "fresh_connect"}},
                             {{1, 0}, {2, 1}, {3, 1}, {4, 3}, {5, 3}})};
    const auto chart = canary_chart(data);
    ASSERT_TRUE(chart);
    ASSERT_EQ(chart->marks.size(), 1U);
    EXPECT_THAT(chart->marks[0].t_s, testing::ElementsAre(2, 4));
    EXPECT_EQ(chart->message, "fresh_connect took 4.00 ms (median), at worst 5.00 ms, 3 failed.");
}

TEST(TimeCharts, SayInWordsWhatTheyShow) {
    const auto sample = sample::broken_pool();
    const auto charts = time_charts(sample.info, sample.data, sample.analysis);
    ASSERT_EQ(charts.size(), 7U);
    const auto failed = sample.data.totals[0].failed + sample.data.totals[1].failed;
    EXPECT_THAT(charts[0].message, testing::HasSubstr("of 15,749 requests failed: http_5xx"));
    EXPECT_GT(failed, 0U);
    // 20 ms ± 25 % in the pool and 2 ms outside it: 22 ms until it breaks, the pool's timeout
    // after.
    EXPECT_THAT(
        charts[1].message,
        testing::StartsWith("Typical median response time: 22.0 ms before the break and 2."));
    for (const auto& chart : charts) {
        for (const auto& series : chart.series) {
            EXPECT_EQ(series.y.size(), chart.x.size()) << chart.id << " " << series.label;
        }
    }
}

TEST(PercentileChart, EndsWhereTheSamplesNoLongerSupportIt) {
    const auto sample = sample::broken_pool();
    const auto chart = percentile_chart(sample.data, sample.analysis);
    // 5.63 / 15,749 samples: −log10 of that tail is 3.447.
    EXPECT_NEAR(chart.x.back(), 3.447, 0.001);
    auto censored = sample.analysis;
    censored.response.censored_from = 0.9;
    EXPECT_NEAR(percentile_chart(sample.data, censored).x.back(), 1, 1e-9);
    EXPECT_TRUE(percentile_chart(RunData{}, Analysis{}).x.empty());
}

TEST(WaitingChart, AddsUpTheQueuesOfOneKind) {
    auto data = ten_seconds();
    data.series = {series_of("app", metric::kAppPoolPending, {{"pool", "a"}}, {{1, 2}, {2, 5}}),
                   series_of("app", metric::kAppPoolPending, {{"pool", "b"}}, {{1, 1}, {2, 0}}),
                   series_of("postgres", metric::kPgBlockedBackends, {}, {{1.5, 0}, {2.5, 0}})};
    const auto chart = waiting_chart(data);
    ASSERT_TRUE(chart);
    EXPECT_EQ(chart->x, (std::vector<double>{1, 1.5, 2, 2.5}));
    const auto pool = values_of(*chart, "for a connection of the application's pool");
    EXPECT_EQ(pool[0], 3);
    EXPECT_TRUE(std::isnan(pool[1]));
    EXPECT_EQ(pool[2], 5);
    EXPECT_EQ(chart->series.size(), 2U);
    EXPECT_EQ(chart->message,
              "At most waited: 5 for a connection of the application's pool. Nobody looked at the "
              "application's workers: no figures of its own were read.");
}

TEST(WaitingChart, SaysWhereNobodyLooked) {
    auto data = ten_seconds();
    data.series = {series_of("postgres", metric::kPgBlockedBackends, {}, {{1, 0}, {2, 0}}),
                   series_of("target", metric::kTargetAcceptQueue, {}, {{1, 0}, {2, 0}})};
    EXPECT_EQ(
        waiting_chart(data)->message,
        "Nobody was seen waiting for a lock in the database, or to be accepted by the target. "
        "Nobody looked at the application's pool and workers: no figures of its own were "
        "read.");
    data.series.push_back(series_of("app", metric::kAppPoolPending, {}, {{1, 4}}));
    data.series.push_back(series_of("app", metric::kAppWorkersQueued, {}, {{1, 0}}));
    EXPECT_EQ(waiting_chart(data)->message,
              "At most waited: 4 for a connection of the application's pool.");
}

TEST(WaitingChart, IsAbsentWhereNoQueueIsWatched) {
    EXPECT_FALSE(waiting_chart(ten_seconds()));
}

TEST(Heatmap, HasARowForEachLengthThatCame) {
    auto data = ten_seconds();
    EXPECT_FALSE(heatmap_chart(data));
    const auto& edges = heat_edges();
    EXPECT_EQ(edges[0], 0);
    EXPECT_DOUBLE_EQ(edges[1], 0.25e-3);
    EXPECT_DOUBLE_EQ(edges[9], 0.25e-3 * 16);  // two rows an octave
    EXPECT_TRUE(std::is_sorted(edges.begin(), edges.end()));
    data.ticks[3].heat_rate[9] = 20;
    data.ticks[4].heat_rate[11] = 5;
    const auto chart = heatmap_chart(data);
    ASSERT_TRUE(chart);
    ASSERT_EQ(chart->series.size(), 3U);
    ASSERT_EQ(chart->edges.size(), 4U);
    EXPECT_EQ(chart->edges[0], edges[9]);
    EXPECT_EQ(chart->series[0].y[3], 20);
    EXPECT_EQ(chart->series[2].y[4], 5);
    EXPECT_EQ(chart->x.size(), 10U);
}

TEST(Markers, ShowWhatAPersonNotedAndNotWhatAProbeDid) {
    auto data = ten_seconds();
    data.events = {{2, EventKind::Note, "postgres: privilege lost"},
                   {3, EventKind::Note, "note: deployed v2"}};
    const auto all = markers(RunInfo{}, data, Analysis{});
    ASSERT_EQ(all.events.size(), 1U);
    EXPECT_EQ(all.events[0].label, "note: deployed v2");
    EXPECT_EQ(all.events[0].t_s, 3);
}

TEST(TimeCharts, LeaveOutTheLoadWhereThereIsNone) {
    auto data = ten_seconds();
    RunInfo info;
    info.has_load = false;
    EXPECT_TRUE(time_charts(info, data, Analysis{}).empty());
    data.series = {series_of("a", metric::kContainerCpuSeconds,
                             {{"container", "x"}, {"role", "app"}}, {{0, 0}, {10, 10}})};
    const auto charts = time_charts(info, data, Analysis{});
    ASSERT_EQ(charts.size(), 1U);
    EXPECT_EQ(charts[0].id, "cpu");
    EXPECT_EQ(charts[0].series.size(), 1U);  // no generator
}

}  // namespace
}  // namespace plimsoll::report
