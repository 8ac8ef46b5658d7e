#include "alerts/promql.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> selectors(const std::string& expression) {
    const auto parts = read_expression(expression);
    EXPECT_TRUE(parts.ok()) << (parts.ok() ? "" : parts.error().what);
    std::vector<std::string> out;
    if (parts.ok()) {
        for (const SeriesSelector& each : parts->selectors) {
            out.push_back(each.text());
        }
    }
    return out;
}

TEST(ReadExpression, FindsTheMetricsBehindFunctionsAndAggregations) {
    EXPECT_THAT(selectors("sum by (job, le) (rate(http_requests_total{code=~\"5..\"}[5m])) > 0.5"),
                ElementsAre("http_requests_total{code=~\"5..\"}"));
    EXPECT_THAT(selectors("histogram_quantile(0.9, sum(rate(a_bucket[1m])) by (le, job))"),
                ElementsAre("a_bucket"));
    EXPECT_THAT(selectors("topk(3, x) or vector(1)"), ElementsAre("x"));
    EXPECT_THAT(selectors("absent(up{job=\"a\"})"), ElementsAre("up{job=\"a\"}"));
}

TEST(ReadExpression, KnowsLabelsFromMetrics) {
    EXPECT_THAT(selectors("a and ignoring (datname, usename) b * on (job) group_left (name) c"),
                ElementsAre("a", "b", "c"));
    EXPECT_THAT(selectors("a / on() group_left b"), ElementsAre("a", "b"));
    EXPECT_THAT(selectors("sum without (x) (m{a='1',b!=\"2\"}) unless on (q) n"),
                ElementsAre("m{a=\"1\",b!=\"2\"}", "n"));
}

TEST(ReadExpression, ReadsMetricsNamedByMatchers) {
    EXPECT_THAT(selectors("{__name__=\"m\",a=\"b\"}"), ElementsAre("m{a=\"b\"}"));
    EXPECT_THAT(selectors("{__name__=~\"plimsoll_.*\"}"),
                ElementsAre("{__name__=~\"plimsoll_.*\"}"));
}

TEST(ReadExpression, PassesOverCommentsStringsAndSubqueries) {
    EXPECT_THAT(selectors("max_over_time(rate(x[1m])[30m:15s]) > 1 # y > 3\n or z offset 5m"),
                ElementsAre("x", "z"));
    EXPECT_THAT(selectors("label_replace(m, \"dst\", \"a(b)\", \"src\", `{c}`)"), ElementsAre("m"));
    EXPECT_THAT(selectors("m @ end() + n @ 1609746000"), ElementsAre("m", "n"));
}

TEST(ReadExpression, KnowsWindowsOffsetsAndWhoNeedsTwoSamples) {
    const auto parts =
        read_expression("rate(a[1m30s] offset 1h) > avg_over_time(b[10m]) + c offset -5m");
    ASSERT_TRUE(parts.ok());
    ASSERT_EQ(parts->selectors.size(), 3U);
    EXPECT_EQ(parts->selectors[0].range, 90s);
    EXPECT_EQ(parts->selectors[0].offset, 1h);
    EXPECT_TRUE(parts->selectors[0].needs_two);
    EXPECT_EQ(parts->selectors[1].range, 10min);
    EXPECT_FALSE(parts->selectors[1].needs_two);
    EXPECT_EQ(parts->selectors[2].offset, -5min);
}

TEST(ReadExpression, FindsNumbersThatSomethingIsComparedWith) {
    const std::string text = "a > 0.8 and b / 2 <= bool 5 and c > 2 * d";
    const auto parts = read_expression(text);
    ASSERT_TRUE(parts.ok());
    ASSERT_EQ(parts->compared.size(), 2U);
    EXPECT_EQ(text.substr(parts->compared[0].at, parts->compared[0].length), "0.8");
    EXPECT_DOUBLE_EQ(parts->compared[1].value, 5);
}

TEST(ReadExpression, SaysWhatDoesNotEnd) {
    for (const char* broken : {"a{b=\"c", "a{b", "rate(a[5m", "a[5x]"}) {
        EXPECT_FALSE(read_expression(broken).ok()) << broken;
    }
}

TEST(PrometheusDuration, ReadsWhatPrometheusReads) {
    EXPECT_EQ(*parse_prometheus_duration("1h30m"), 90min);
    EXPECT_EQ(*parse_prometheus_duration("0"), 0s);
    EXPECT_EQ(*parse_prometheus_duration("1w2d"), 24h * 9);
    EXPECT_EQ(*parse_prometheus_duration("1500ms"), 1500ms);
    for (const char* wrong : {"", "5", "m", "5m1h", "1.5h", "5 m", "-5m", "1h1h"}) {
        EXPECT_FALSE(parse_prometheus_duration(wrong).ok()) << wrong;
    }
    EXPECT_EQ(prometheus_duration(90min), "1h30m");
    EXPECT_EQ(prometheus_duration(15s), "15s");
    EXPECT_EQ(prometheus_duration(0s), "0s");
}

}  // namespace
}  // namespace plimsoll
