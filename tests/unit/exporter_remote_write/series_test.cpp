// Which series and points a frame becomes.
#include "exporters/remote_write/write_series.hpp"

#include <bit>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

const MetricDescriptor kGauge{"plimsoll_pg_backends", MetricType::Gauge, "Backends", {"state"}};
const MetricDescriptor kInfo{"plimsoll_run_info", MetricType::Gauge, "Info", {"run"}};
const MetricDescriptor kTimes{
    "plimsoll_response_seconds", MetricType::Histogram, "Times", {"endpoint"}, "seconds"};

bool is_end(double value) {
    return std::bit_cast<std::uint64_t>(value) == 0x7ff0000000000002;
}

MetricFrame frame_of(std::vector<MetricFamily> families) {
    MetricFrame frame;
    frame.families = std::move(families);
    return frame;
}

MetricSeries gauge(const char* state, double value) {
    return {{{"state", state}}, value};
}

std::string value_of(const WritePoint& point, const std::string& label) {
    for (const auto& [name, value] : point.series->labels) {
        if (name == label) {
            return value;
        }
    }
    return "";
}

TEST(SeriesBook, SortsLabelsByTheirBytesAndLeavesOutEmptyOnes) {
    SeriesBook book(RunInfo{}, {}, {{"job", "plimsoll"}, {"Zone", "b"}, {"run", "not mine"}});
    const auto points = book.points(frame_of(
        {{&kInfo, true, {{{{"run", "r1"}, {"Branch", "main"}, {"note", ""}, {"7 x", "y"}}, 1}}}}));
    ASSERT_EQ(points.size(), 1U);
    // Capital letters come before "_", "_" before small ones.
    EXPECT_THAT(points[0].series->labels,
                ElementsAre(Pair("Branch", "main"), Pair("Zone", "b"),
                            Pair("__name__", "plimsoll_run_info"), Pair("job", "plimsoll"),
                            Pair("run", "r1"), Pair("tag_7_x", "y")));
}

TEST(SeriesBook, EndsASeriesOnceWhenItGoesAway) {
    SeriesBook book(RunInfo{}, {}, {});
    EXPECT_EQ(
        book.points(frame_of({{&kGauge, true, {gauge("active", 3), gauge("idle", 1)}}})).size(),
        2U);
    auto points = book.points(frame_of({{&kGauge, true, {gauge("active", 4)}}}));
    ASSERT_EQ(points.size(), 2U);
    EXPECT_EQ(points[0].value, 4);
    EXPECT_EQ(value_of(points[1], "state"), "idle");
    EXPECT_TRUE(is_end(points[1].value));
    EXPECT_EQ(book.points(frame_of({{&kGauge, true, {gauge("active", 4)}}})).size(), 1U);
    // It comes back, and all end at the end.
    EXPECT_EQ(
        book.points(frame_of({{&kGauge, true, {gauge("active", 5), gauge("idle", 2)}}})).size(),
        2U);
    points = book.end();
    ASSERT_EQ(points.size(), 2U);
    EXPECT_TRUE(is_end(points[0].value) && is_end(points[1].value));
    EXPECT_TRUE(book.end().empty());
}

TEST(SeriesBook, MakesOfAHistogramWhatAScrapeHas) {
    Histogram times;
    times.record(1500us);
    times.record(90s);
    SeriesBook book(RunInfo{}, {}, {});
    const auto points =
        book.points(frame_of({{&kTimes, true, {{{{"endpoint", "/a"}}, 0, &times}}}}));
    ASSERT_EQ(points.size(), 60U + 3);
    std::map<std::string, double> by_bound;
    double count = 0;
    double sum = 0;
    for (const WritePoint& point : points) {
        const std::string name = value_of(point, "__name__");
        if (name == "plimsoll_response_seconds_bucket") {
            by_bound[value_of(point, "le")] = point.value;
        } else if (name == "plimsoll_response_seconds_count") {
            count = point.value;
        } else {
            EXPECT_EQ(name, "plimsoll_response_seconds_sum");
            sum = point.value;
        }
    }
    EXPECT_EQ(by_bound.size(), 61U);
    EXPECT_EQ(by_bound["0.001"], 0);
    EXPECT_EQ(by_bound["0.0018"], 1);
    EXPECT_EQ(by_bound["60"], 1);
    EXPECT_EQ(by_bound["+Inf"], 2);
    EXPECT_EQ(count, 2);
    EXPECT_DOUBLE_EQ(sum, 90.0015);
}

TEST(SeriesBook, GivesTheNativeFormWhereAskedTo) {
    Histogram times;
    times.record_n(100ms, 3);
    SeriesBook book(RunInfo{}, {.classic = false, .native = true}, {});
    auto points = book.points(frame_of({{&kTimes, true, {{{{"endpoint", "/a"}}, 0, &times}}}}));
    ASSERT_EQ(points.size(), 1U);
    ASSERT_NE(points[0].native, nullptr);
    EXPECT_EQ(points[0].native->count, 3U);
    EXPECT_EQ(value_of(points[0], "__name__"), "plimsoll_response_seconds");
    points = book.end();
    ASSERT_EQ(points.size(), 1U);
    EXPECT_TRUE(is_end(points[0].native->sum_s));
}

TEST(SeriesBook, PutsAnExemplarIntoTheBucketOfItsValue) {
    Histogram times;
    times.record(1500us);
    MetricSeries series{{{"endpoint", "/a"}}, 0, &times};
    MetricExemplar exemplar;
    exemplar.value = 1500us;
    exemplar.trace_id = {0xab, 0x01};
    exemplar.span_id = {0x0c};
    RunInfo run;
    run.start.wall = WallClock::time_point(1000s);
    exemplar.at = run.start.mono + 2500us;
    series.exemplars = {exemplar};
    SeriesBook book(run, {true, true}, {});
    std::size_t found = 0;
    for (const WritePoint& point : book.points(frame_of({{&kTimes, true, {series}}}))) {
        for (const WriteExemplar& each : point.exemplars) {
            ++found;
            EXPECT_TRUE(point.native || value_of(point, "le") == "0.0015") << value_of(point, "le");
            EXPECT_DOUBLE_EQ(each.value, 0.0015);
            EXPECT_EQ(each.at_ms, 1000002);
            EXPECT_EQ(each.trace_id, "ab010000000000000000000000000000");
            EXPECT_EQ(each.span_id, "0c00000000000000");
        }
    }
    EXPECT_EQ(found, 2U);
}

}  // namespace
}  // namespace plimsoll
