#include "probes/app_metrics/exposition_text.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<MetricSample> all_of(std::string_view text) {
    ExpositionReader reader(text);
    std::vector<MetricSample> samples;
    for (;;) {
        auto sample = reader.next();
        EXPECT_TRUE(sample.ok()) << sample.error().to_string();
        if (!sample.ok() || !*sample) {
            return samples;
        }
        samples.push_back(std::move(**sample));
    }
}

TEST(ExpositionReader, ReadsNamesLabelsAndValues) {
    const auto samples = all_of(
        "# HELP up Whether \"it\" is {up}.\n# TYPE up gauge\nup 1\n\n"
        "http_requests_total{method=\"post\",code=\"200\",} 1027 1395066363000\n"
        "  spaced  {  a = \"b\" , c=\"d\" }   2.5e-3  \n"
        "last{} -7");
    ASSERT_EQ(samples.size(), 4U);
    EXPECT_EQ(samples[0].name, "up");
    EXPECT_THAT(samples[0].labels, IsEmpty());
    EXPECT_EQ(samples[0].value, 1);
    EXPECT_THAT(samples[1].labels, ElementsAre(Pair("method", "post"), Pair("code", "200")));
    EXPECT_EQ(samples[1].value, 1027);  // what follows is the time
    EXPECT_EQ(samples[1].label("code"), "200");
    EXPECT_EQ(samples[1].label("none"), "");
    EXPECT_THAT(samples[2].labels, ElementsAre(Pair("a", "b"), Pair("c", "d")));
    EXPECT_EQ(samples[2].value, 0.0025);
    EXPECT_EQ(samples[3].value, -7);
}

TEST(ExpositionReader, UnescapesLabelsAndTakesSpecialValues) {
    const auto samples = all_of(
        "a{path=\"C:\\\\DIR\\\\\",text=\"two\\nlines, \\\"quoted\\\"} \"} +Inf\nb NaN\nc -Inf\r\n");
    ASSERT_EQ(samples.size(), 3U);
    EXPECT_THAT(samples[0].labels,
                ElementsAre(Pair("path", "C:\\DIR\\"), Pair("text", "two\nlines, \"quoted\"} ")));
    EXPECT_TRUE(std::isinf(samples[0].value) && samples[0].value > 0);
    EXPECT_TRUE(std::isnan(samples[1].value));
    EXPECT_TRUE(std::isinf(samples[2].value) && samples[2].value < 0);
}

TEST(ExpositionReader, TakesOpenMetricsAndQuotedNames) {
    const auto samples = all_of(
        "foo_bucket{le=\"0.1\"} 8 # {trace_id=\"oHg5\"} 0.067\n"
        "{\"db.client.connection.max\",\"pool.name\"=\"main\"} 5\n"
        "db.client.count 3\n# EOF\n");
    ASSERT_EQ(samples.size(), 3U);
    EXPECT_EQ(samples[0].value, 8);  // what follows is an exemplar
    EXPECT_EQ(samples[1].name, "db.client.connection.max");
    EXPECT_THAT(samples[1].labels, ElementsAre(Pair("pool.name", "main")));
    EXPECT_EQ(samples[2].name, "db.client.count");
}

TEST(ExpositionReader, NamesTheLineThatIsNone) {
    for (const char* bad : {"<html>", "a{b=\"c} 1", "a{b} 1", "a{b=1} 1", "a", "a one", "1a 1",
                            "a{b=\"c\" d=\"e\"} 1", "{} 1", "a 1x"}) {
        const std::string text = "# fine\n" + std::string(bad) + "\nnext 2\n";
        ExpositionReader reader(text);
        const auto sample = reader.next();
        ASSERT_FALSE(sample.ok()) << bad;
        EXPECT_EQ(sample.error().to_string(),
                  "line 2: is no sample of a metric: \"" + std::string(bad) + "\"");
        const auto after = reader.next();
        ASSERT_TRUE(after.ok() && *after);
        EXPECT_EQ((*after)->name, "next");
    }
}

TEST(ParseSelector, TakesAMetricWithOrWithoutLabels) {
    EXPECT_EQ(parse_selector("my_pool_size")->name, "my_pool_size");
    const auto labelled = parse_selector("pool{name=\"x\", state=\"busy\"}");
    ASSERT_TRUE(labelled.ok());
    EXPECT_THAT(labelled->labels, ElementsAre(Pair("name", "x"), Pair("state", "busy")));
    EXPECT_EQ(parse_selector("{__name__=\"pool\"}")->name, "pool");
    EXPECT_EQ(parse_selector("{\"my.pool\"}")->name, "my.pool");
    for (const char* bad : {"", "rate(x[1m])", "a{b!=\"c\"}", "a{b=\"c\"} 1", "{a=\"b\"}", "a b"}) {
        EXPECT_FALSE(parse_selector(bad).ok()) << bad;
    }
}

}  // namespace
}  // namespace plimsoll
