#include "ui/live_data.hpp"

#include "signal/names.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

RunInfo run_info() {
    RunInfo info;
    info.start.mono = Clock::time_point(1h);
    return info;
}

/// A tick in which `requests` came back after 10 ms.
void add_tick(LiveData& data, const RunInfo& info, int second, std::uint64_t requests) {
    Snapshot snapshot;
    snapshot.from = info.start.mono + std::chrono::seconds(second);
    snapshot.to = snapshot.from + 1s;
    EndpointStats delta;
    delta.requests = requests;
    delta.statuses = {{200, Outcome::Ok, requests}};
    delta.response.record_n(10ms, requests);
    snapshot.state.users = 7;
    data.add_tick(snapshot, delta);
}

TEST(LiveData, KeepsEveryTickOfAShortRun) {
    const RunInfo info = run_info();
    LiveData data(info, {});
    for (int i = 0; i < 100; ++i) {
        add_tick(data, info, i, 50);
    }
    ASSERT_EQ(data.data().ticks.size(), 100U);
    EXPECT_EQ(data.data().ticks[99].from_s, 99);
    EXPECT_EQ(data.data().ticks[99].request_rate, 50);
}

TEST(LiveData, StaysBoundedForADayAndHidesNoSpike) {
    const RunInfo info = run_info();
    LiveData data(info, {});
    constexpr int kSeconds = 24 * 3600;
    std::size_t most = 0;
    for (int i = 0; i < kSeconds; ++i) {
        add_tick(data, info, i, i == 5000 ? 900 : i == 40000 ? 2 : 100);
        most = std::max(most, data.data().ticks.size());
    }
    EXPECT_LE(most, LiveData::kMostTicks);
    const auto& ticks = data.data().ticks;
    EXPECT_GT(ticks.size(), LiveData::kMostTicks / 4);
    double high = 0;
    double low = 1e9;
    double end_s = 0;
    for (const auto& row : ticks) {
        EXPECT_NEAR(row.from_s, end_s, 1e-6);  // no time is lost, none is there twice
        end_s = row.to_s;
        high = std::max(high, row.request_rate);
        low = std::min(low, row.request_rate);
        EXPECT_EQ(row.users, 7);
    }
    EXPECT_EQ(end_s, kSeconds);
    EXPECT_EQ(high, 900);
    EXPECT_EQ(low, 2);
}

TEST(LiveData, KeepsTheSumOfWhatAHeatmapShows) {
    const RunInfo info = run_info();
    LiveData data(info, {});
    constexpr int kSeconds = 10'000;
    for (int i = 0; i < kSeconds; ++i) {
        add_tick(data, info, i, static_cast<std::uint64_t>(i % 7) * 10);
    }
    double responses = 0;
    for (const auto& row : data.data().ticks) {
        for (const double rate : row.heat_rate) {
            responses += rate * (row.to_s - row.from_s);
        }
    }
    double expected = 0;
    for (int i = 0; i < kSeconds; ++i) {
        expected += i % 7 * 10;
    }
    EXPECT_NEAR(responses, expected, expected * 1e-3);
}

ProbeInfo postgres_probe() {
    ProbeInfo probe;
    probe.name = "postgres";
    probe.descriptors = {{metric::kPgBackends, MetricType::Gauge, "", {"state"}},
                         {metric::kPgMaxConnections, MetricType::Gauge, "", {}},
                         {metric::kPgLongestTransaction, MetricType::Gauge, "", {}}};
    return probe;
}

Reading reading(const RunInfo& info, double t_s, double active, double idle) {
    Reading made;
    made.at = info.start.mono + from_seconds(t_s);
    made.values = {{0, {"active"}, active}, {0, {"idle"}, idle}, {1, {}, 100}, {2, {}, 1}};
    return made;
}

TEST(LiveData, KeepsWholeReadingsSoThatSumsStayTrue) {
    const RunInfo info = run_info();
    const std::vector<ProbeInfo> probes{postgres_probe()};
    LiveData data(info, probes);
    for (int i = 0; i < 50'000; ++i) {  // ten connections in all, always; once twelve
        const double active = i % 11 == 10 ? 10 : i % 11;
        data.add_reading(0, reading(info, 0.2 * i, active, (i == 31'337 ? 12 : 10) - active));
    }
    ASSERT_EQ(data.data().series.size(), 3U);  // the longest transaction is in no chart
    const auto& active = data.data().series[0].points;
    const auto& idle = data.data().series[1].points;
    ASSERT_EQ(active.size(), idle.size());
    EXPECT_LE(active.size(), LiveData::kMostReadings);
    EXPECT_GT(active.size(), LiveData::kMostReadings / 4);
    double most = 0;
    for (std::size_t i = 0; i < active.size(); ++i) {
        ASSERT_EQ(active[i].t_s, idle[i].t_s);
        const double sum = active[i].value + idle[i].value;
        EXPECT_TRUE(sum == 10 || sum == 12) << sum;
        most = std::max(most, sum);
    }
    EXPECT_EQ(most, 12);
}

TEST(LiveData, BoundsSeriesEventsAndGaps) {
    const RunInfo info = run_info();
    const std::vector<ProbeInfo> probes{postgres_probe()};
    LiveData data(info, probes);
    for (int i = 0; i < 2000; ++i) {
        Reading one;
        one.at = info.start.mono + std::chrono::seconds(i);
        one.values = {{0, {"state " + std::to_string(i)}, 1}};
        data.add_reading(0, one);
        data.add_event({info.start.mono, EventKind::Note, "note"});
        data.add_gap(0, {"postgres", one.at, one.at + 1s, "gone", false});
    }
    EXPECT_EQ(data.data().series.size(), LiveData::kMostSeries);
    EXPECT_EQ(data.data().events.size(), LiveData::kMostEvents);
    EXPECT_EQ(data.data().gaps.size(), LiveData::kMostGaps);
}

TEST(LiveData, ClosesTheGapThatItOpened) {
    const RunInfo info = run_info();
    const std::vector<ProbeInfo> probes{postgres_probe()};
    LiveData data(info, probes);
    const auto at = [&](std::chrono::seconds second) { return info.start.mono + second; };
    data.add_gap(0, {"postgres", at(3s), at(4s), "gone", true});
    data.add_gap(0, {"postgres", at(3s), at(9s), "gone", false});
    ASSERT_EQ(data.data().gaps.size(), 1U);
    EXPECT_EQ(data.data().gaps[0].to_s, 9);
    EXPECT_FALSE(data.data().gaps[0].open);
}

}  // namespace
}  // namespace plimsoll
