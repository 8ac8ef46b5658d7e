// Our text of metric families against that of the library which defines them.
#include "exporters/prometheus/exposition.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <prometheus/text_serializer.h>

namespace plimsoll {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric metric(std::vector<ClientMetric::Label> labels) {
    ClientMetric out;
    out.label = std::move(labels);
    return out;
}

MetricFamily gauges(const std::vector<double>& values) {
    MetricFamily family{"plimsoll_some", "Some \"values\".", MetricType::Gauge, {}};
    for (std::size_t i = 0; i < values.size(); ++i) {
        family.metric.push_back(metric({{"row", std::to_string(i)}}));
        family.metric.back().gauge.value = values[i];
    }
    return family;
}

std::vector<MetricFamily> families() {
    MetricFamily counter{"plimsoll_things_total", "Things.", MetricType::Counter, {}};
    counter.metric = {metric({}), metric({{"what", "a \"b\" \\ c\nd"}, {"other", "\xC3\xA9"}})};
    counter.metric[0].counter.value = 9007199254740991;
    counter.metric[1].counter.value = 0.1 + 0.2;
    MetricFamily histogram{"plimsoll_time_seconds", "Time.", MetricType::Histogram, {}};
    histogram.metric = {metric({}), metric({{"endpoint", "/ [LIST]"}, {"method", "GET"}})};
    for (ClientMetric& each : histogram.metric) {
        each.histogram.sample_count = 18446744073709551615U;
        each.histogram.sample_sum = 1234.000000017;
        each.histogram.bucket = {
            {0, 0.0001}, {3, 0.25}, {4, 60}, {5, std::numeric_limits<double>::infinity()}};
    }
    const double infinity = std::numeric_limits<double>::infinity();
    return {counter,
            gauges({0, -0.0, 1, -17, 1e-9, 1e16, 1e300, 5e-324, 0.30000000000000004, infinity,
                    -infinity, std::nan("")}),
            histogram};
}

std::string by_the_library(const std::vector<MetricFamily>& all) {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, all);
    return out.str();
}

/// Comment lines as they are; series by name and labels, to their values.
struct Text {
    std::vector<std::string> comments;
    std::map<std::string, double> series;
};
Text read(const std::string& text) {
    Text out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#")) {
            out.comments.push_back(line);
            continue;
        }
        const auto gap = line.rfind(' ');
        const double value = std::strtod(line.c_str() + gap, nullptr);
        EXPECT_TRUE(out.series.emplace(line.substr(0, gap), value).second) << line;
    }
    return out;
}

TEST(Exposition, SaysWhatTheLibrarysOwnTextSays) {
    const Text ours = read(exposition_text(families()));
    const Text theirs = read(by_the_library(families()));
    EXPECT_EQ(ours.comments, theirs.comments);
    ASSERT_EQ(ours.series.size(), theirs.series.size());
    for (const auto& [name, value] : theirs.series) {
        ASSERT_TRUE(ours.series.contains(name)) << name;
        const double got = ours.series.at(name);
        // The library writes 16 digits, one less than it takes to tell all numbers apart.
        EXPECT_TRUE(std::isnan(value) ? std::isnan(got)
                                      : got == value || std::abs(got / value - 1) < 1e-15)
            << name << " " << got << " " << value;
    }
}

TEST(Exposition, WritesBoundsAndWholeNumbersPlainly) {
    const std::string text = exposition_text(families());
    EXPECT_THAT(text, testing::HasSubstr("plimsoll_things_total 9007199254740991\n"));
    EXPECT_THAT(text, testing::HasSubstr("plimsoll_time_seconds_bucket{le=\"0.0001\"} 0\n"));
    EXPECT_THAT(text, testing::HasSubstr("plimsoll_time_seconds_bucket{endpoint=\"/ [LIST]\","
                                         "method=\"GET\",le=\"+Inf\"} 5\n"));
    EXPECT_THAT(text, testing::HasSubstr("plimsoll_some{row=\"8\"} 0.30000000000000004\n"));
}

// The library writes a help text as it is, though the format has it escaped.
TEST(Exposition, EscapesHelp) {
    MetricFamily family = gauges({1});
    family.help = "Back\\slash, \"quotes\" and\na new line.";
    EXPECT_EQ(exposition_text({family}),
              "# HELP plimsoll_some Back\\\\slash, \"quotes\" and\\na new line.\n"
              "# TYPE plimsoll_some gauge\nplimsoll_some{row=\"0\"} 1\n");
}

TEST(Exposition, LeavesOutAFamilyWithoutSeries) {
    EXPECT_EQ(exposition_text({gauges({})}), "");
    EXPECT_EQ(exposition_text({}), "");
}

}  // namespace
}  // namespace plimsoll
