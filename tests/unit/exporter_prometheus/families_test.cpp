#include "exporters/prometheus/families.hpp"

#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/series_count.hpp"

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

RunInfo one_endpoint() {
    RunInfo run;
    run.endpoints = {{"reader", "/x", "GET"}};
    return run;
}

std::vector<prometheus::MetricFamily> families(const RunInfo& run, const SnapshotPtr& snapshot) {
    const MetricSet metrics = MetricSet::make(run, {}).value();
    return prometheus_families(metrics.frame({snapshot, {}, nullptr, nullptr}),
                               std::vector<Nanoseconds>{10ms, 1s});
}

prometheus::MetricFamily family(const std::vector<prometheus::MetricFamily>& all,
                                const std::string& name) {
    for (const auto& each : all) {
        if (each.name == name) {
            return each;
        }
    }
    ADD_FAILURE() << "no " << name;
    return {};
}

TEST(PrometheusFamilies, CarryTheRunsTagsAsLabelsThatPrometheusTakes) {
    RunInfo run = one_endpoint();
    run.id = "id";
    run.scenario_name = "name";
    run.version = "1";
    run.tags = {"env=ci", "git.sha=a=b", "run=mine", "7=x", "__x=y", "env=again", "empty="};
    const auto info = family(families(run, nothing_yet(run)), "plimsoll_run_info");
    std::vector<std::string> labels;
    for (const auto& label : info.metric.at(0).label) {
        labels.push_back(label.name + "=" + label.value);
    }
    EXPECT_THAT(labels,
                ElementsAre("run=id", "scenario=name", "version=1", "env=ci", "git_sha=a=b",
                            "tag_run=mine", "tag_7=x", "tag___x=y", "tag_env=again", "empty="));
}

TEST(PrometheusFamilies, HaveTheTypeAndTheValueOfTheirKind) {
    const RunInfo run = one_endpoint();
    auto snapshot = std::make_shared<Snapshot>(*nothing_yet(run));
    snapshot->total[0].response.record(250ms);
    snapshot->total_counts.iterations_completed = 7;
    snapshot->state.users = 3;
    const auto all = families(run, snapshot);
    const auto iterations = family(all, "plimsoll_iterations_total");
    EXPECT_EQ(iterations.type, prometheus::MetricType::Counter);
    EXPECT_EQ(iterations.metric.at(0).counter.value, 7);
    EXPECT_FALSE(iterations.help.empty());
    const auto users = family(all, "plimsoll_vus");
    EXPECT_EQ(users.type, prometheus::MetricType::Gauge);
    EXPECT_EQ(users.metric.at(0).gauge.value, 3);
    const auto response = family(all, "plimsoll_response_seconds");
    EXPECT_EQ(response.type, prometheus::MetricType::Histogram);
    const auto& histogram = response.metric.at(0).histogram;
    EXPECT_EQ(histogram.sample_count, 1U);
    EXPECT_DOUBLE_EQ(histogram.sample_sum, 0.25);
    ASSERT_EQ(histogram.bucket.size(), 3U);
    EXPECT_EQ(histogram.bucket[0].cumulative_count, 0U);
    EXPECT_EQ(histogram.bucket[1].cumulative_count, 1U);
}

TEST(SeriesCount, IsThatOfAScrapeAtTheStart) {
    RunInfo run = one_endpoint();
    run.checks = {"has items"};
    run.groups = {"checkout"};
    const SeriesCount more = series_count(run);
    EXPECT_EQ(more.buckets, 61U);
    const std::vector<Nanoseconds> asked{5ms, 50ms};
    const SeriesCount fewer = series_count(run, asked);
    EXPECT_EQ(fewer.buckets, 3U);  // +Inf is one
    run.groups.clear();
    EXPECT_EQ(more.series - series_count(run).series, 61U + 2U);
    EXPECT_EQ(fewer.series - series_count(run, asked).series, 3U + 2U);
    run.endpoints.clear();
    // Response, service and send lag of one endpoint.
    EXPECT_EQ(more.series - series_count(run).series, 4 * (61U + 2U));
}

}  // namespace
}  // namespace plimsoll
