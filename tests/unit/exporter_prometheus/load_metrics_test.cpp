#include "exporters/prometheus/load_metrics.hpp"

#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/series_count.hpp"
#include "tests/unit/exporter_prometheus/families.hpp"

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::series;
using testing::ElementsAre;
using testing::IsEmpty;

RunInfo one_endpoint() {
    RunInfo run;
    run.endpoints = {{"reader", "/x", "GET"}};
    return run;
}

Sample sample(Outcome outcome, std::uint16_t status) {
    Sample out;
    out.completed = out.due + 1ms;
    out.outcome = outcome;
    out.status = status;
    out.bytes_sent = 100;
    out.bytes_received = 1000;
    return out;
}

auto families(const RunInfo& run, const Snapshot& snapshot, const ExporterCounts& drops = {}) {
    return load_metrics(run, snapshot, bucket_bounds({}), drops);
}

TEST(LoadMetrics, CountRequestsByOutcomeAndStatusWithAnEmptyStatusWhereNoHeaderCame) {
    Snapshot snapshot;
    snapshot.total.resize(1);
    snapshot.total[0].record(sample(Outcome::Ok, 200));
    snapshot.total[0].record(sample(Outcome::Ok, 200));
    snapshot.total[0].record(sample(Outcome::Http5xx, 503));
    snapshot.total[0].record(sample(Outcome::ConnectRefused, 0));
    const auto out = families(one_endpoint(), snapshot);
    EXPECT_THAT(series(out, "plimsoll_requests_total"),
                ElementsAre("plimsoll_requests_total{user=reader,endpoint=/x,method=GET,"
                            "outcome=connect_refused,status=} 1",
                            "plimsoll_requests_total{user=reader,endpoint=/x,method=GET,"
                            "outcome=http_5xx,status=503} 1",
                            "plimsoll_requests_total{user=reader,endpoint=/x,method=GET,outcome=ok,"
                            "status=200} 2"));
    EXPECT_THAT(series(out, "plimsoll_bytes_total"),
                ElementsAre("plimsoll_bytes_total{direction=received} 4000",
                            "plimsoll_bytes_total{direction=sent} 400"));
}

TEST(LoadMetrics, ShowTheOfferedRateOfOpenExecutorsOnly) {
    RunInfo run = one_endpoint();
    ExecutorInfo open;
    open.name = "a";
    ExecutorInfo closed = open;
    closed.open = false;
    run.executors = {open, closed, open};
    Snapshot snapshot;
    snapshot.executors = {{0, 30}, {0, 50}, {0, 12}};
    EXPECT_THAT(series(families(run, snapshot), "plimsoll_offered_rate"),
                ElementsAre("plimsoll_offered_rate{} 42"));
    run.executors = {closed};
    EXPECT_THAT(series(families(run, snapshot), "plimsoll_offered_rate"), IsEmpty());
}

TEST(LoadMetrics, MarkTheStageThatAnExecutorIsIn) {
    RunInfo run = one_endpoint();
    ExecutorInfo ramp;
    ramp.name = "ramp";
    ramp.stages = {{0s, 1s, 10}, {1s, 2s, 20}};
    run.executors = {ramp};
    Snapshot snapshot;
    snapshot.executors = {{1, 15}};
    EXPECT_THAT(series(families(run, snapshot), "plimsoll_stage"),
                ElementsAre("plimsoll_stage{executor=ramp,stage=0} 0",
                            "plimsoll_stage{executor=ramp,stage=1} 1"));
    snapshot.executors = {{2, 0}};  // over
    EXPECT_THAT(series(families(run, snapshot), "plimsoll_stage"),
                ElementsAre("plimsoll_stage{executor=ramp,stage=0} 0",
                            "plimsoll_stage{executor=ramp,stage=1} 0"));
}

TEST(LoadMetrics, ShowWhatBecameOfEveryExportersRecords) {
    const auto out = families(one_endpoint(), {},
                              {{"otlp", {"spans", 5, 2, 3, 7, ""}}, {"run_file", Deliveries{}}});
    EXPECT_THAT(series(out, "plimsoll_exporter_sent_total"),
                ElementsAre("plimsoll_exporter_sent_total{exporter=otlp} 5",
                            "plimsoll_exporter_sent_total{exporter=run_file} 0"));
    EXPECT_THAT(series(out, "plimsoll_exporter_retried_total"),
                ElementsAre("plimsoll_exporter_retried_total{exporter=otlp} 2",
                            "plimsoll_exporter_retried_total{exporter=run_file} 0"));
    EXPECT_THAT(series(out, "plimsoll_exporter_rejected_total"),
                ElementsAre("plimsoll_exporter_rejected_total{exporter=otlp} 3",
                            "plimsoll_exporter_rejected_total{exporter=run_file} 0"));
    EXPECT_THAT(series(out, "plimsoll_exporter_dropped_total"),
                ElementsAre("plimsoll_exporter_dropped_total{exporter=otlp} 7",
                            "plimsoll_exporter_dropped_total{exporter=run_file} 0"));
}

TEST(LoadMetrics, CarryTheRunsTagsAsLabelsThatPrometheusTakes) {
    RunInfo run = one_endpoint();
    run.id = "id";
    run.scenario_name = "name";
    run.version = "1";
    run.tags = {"env=ci", "git.sha=a=b", "run=mine", "7=x", "__x=y", "env=again", "empty="};
    const auto out = families(run, {});
    const auto info = std::find_if(out.begin(), out.end(), [](const auto& family) {
        return family.name == "plimsoll_run_info";
    });
    ASSERT_NE(info, out.end());
    std::vector<std::string> labels;
    for (const auto& label : info->metric.at(0).label) {
        labels.push_back(label.name + "=" + label.value);
    }
    EXPECT_THAT(labels,
                ElementsAre("run=id", "scenario=name", "version=1", "env=ci", "git_sha=a=b",
                            "tag_run=mine", "tag_7=x", "tag___x=y", "tag_env=again", "empty="));
}

TEST(LoadMetrics, OfferNothingOnceTheRunIsOver) {
    RunInfo run = one_endpoint();
    ExecutorInfo arrivals;
    arrivals.stages = {{0s, 1s, 10}};
    run.executors = {arrivals};
    Snapshot snapshot;
    snapshot.executors = {{0, 10}};
    EXPECT_THAT(series(families(run, snapshot), "plimsoll_offered_rate"),
                ElementsAre("plimsoll_offered_rate{} 10"));
    snapshot.last = true;
    EXPECT_THAT(series(families(run, snapshot), "plimsoll_offered_rate"),
                ElementsAre("plimsoll_offered_rate{} 0"));
}

TEST(SeriesCount, IsThatOfAScrapeAtTheStart) {
    RunInfo run = one_endpoint();
    run.checks = {"has items"};
    run.groups = {"checkout"};
    const SeriesCount more = series_count(run);
    EXPECT_EQ(more.buckets, 61U);
    run.groups.clear();
    EXPECT_EQ(more.series - series_count(run).series, 61U + 2U);
    run.endpoints.clear();
    // Response, service and send lag of one endpoint.
    EXPECT_EQ(more.series - series_count(run).series, 4 * (61U + 2U));
}

TEST(LoadMetrics, NameTheirFamiliesAsListed) {
    const auto listed = load_metric_names();
    for (const auto& family : families(one_endpoint(), {})) {
        EXPECT_NE(std::find(listed.begin(), listed.end(), family.name), listed.end())
            << family.name;
        EXPECT_FALSE(family.help.empty());
    }
}

TEST(MakeLabel, KeepsUtf8AndReplacesBytesThatAreNot) {
    EXPECT_EQ(make_label("a", "Zażółć €😀").value, "Zażółć €😀");
    EXPECT_EQ(make_label("a", "x\xFFy").value, "x\xEF\xBF\xBDy");
    EXPECT_EQ(make_label("a", "\xC3").value, "\xEF\xBF\xBD");  // cut short
    EXPECT_EQ(make_label("a", "\xC0\xAF").value,               // overlong '/'
              "\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(make_label("a", "\xED\xA0\x80").value,  // a lone surrogate
              "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(LoadMetrics, CountChecksByResultAndBrokenIterations) {
    RunInfo run = one_endpoint();
    run.checks = {"has items"};
    run.groups = {"checkout"};
    Snapshot snapshot;
    snapshot.total_checks = {{7, 2}};
    snapshot.total_groups.resize(1);
    snapshot.total_groups[0].duration.record(250ms);
    snapshot.total_counts.iterations_cut_short = 3;
    snapshot.total_counts.steps_unrendered = 4;
    const auto out = families(run, snapshot);
    EXPECT_THAT(series(out, "plimsoll_checks_total"),
                ElementsAre("plimsoll_checks_total{check=has items,result=fail} 2",
                            "plimsoll_checks_total{check=has items,result=pass} 7"));
    EXPECT_THAT(series(out, "plimsoll_iterations_cut_short_total"),
                ElementsAre("plimsoll_iterations_cut_short_total{} 3"));
    EXPECT_THAT(series(out, "plimsoll_steps_unrendered_total"),
                ElementsAre("plimsoll_steps_unrendered_total{} 4"));
    const auto group = std::find_if(out.begin(), out.end(), [](const auto& family) {
        return family.name == "plimsoll_group_seconds";
    });
    ASSERT_NE(group, out.end());
    ASSERT_EQ(group->metric.size(), 1U);
    EXPECT_EQ(group->metric[0].histogram.sample_count, 1U);
    EXPECT_DOUBLE_EQ(group->metric[0].histogram.sample_sum, 0.25);
}

}  // namespace
}  // namespace plimsoll
