// The probes' metrics beside the load's own.
#include "signal/metric_set.hpp"
#include "tests/unit/signal/frames.hpp"

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ProbeInfo process(const std::string& name) {
    return {"process:" + name,
            {{"plimsoll_cpu_total", MetricType::Counter, "CPU.", {"container"}},
             {"plimsoll_memory", MetricType::Gauge, "Memory.", {"container"}}},
            {}};
}

ProbeInfo database(const std::string& name) {
    return {name,
            {{"plimsoll_db_max", MetricType::Gauge, "Most.", {}},
             {"plimsoll_db_backends", MetricType::Gauge, "Backends.", {"state"}}},
            {}};
}

ProbeView view(std::vector<Value> values, bool in_gap = false) {
    ProbeView out;
    Reading reading;
    reading.values = std::move(values);
    out.reading = std::make_shared<const Reading>(std::move(reading));
    out.health = {!in_gap, 3, 4, in_gap ? 1U : 0U, 2s};
    out.in_gap = in_gap;
    return out;
}

/// What one look shows of probes alone; keeps what the frame refers to.
struct Collected {
    Collected(const std::vector<ProbeInfo>& probes, const std::vector<ProbeView>& views)
        : metrics(MetricSet::make(without_load(), probes).value()),
          frame(metrics.frame({nothing_yet({}), views, nullptr, nullptr})) {
        std::erase_if(frame.families, [](const MetricFamily& family) {
            return family.metric->name.starts_with("plimsoll_run_");
        });
    }
    static RunInfo without_load() {
        RunInfo run;
        run.has_load = false;
        return run;
    }

    MetricSet metrics;
    MetricFrame frame;
};
std::vector<std::string> series(const Collected& out) {
    return test::series(out.frame);
}
std::vector<std::string> series(const Collected& out, const std::string& name) {
    return test::series(out.frame, name);
}
Collected collect(const std::vector<ProbeInfo>& probes, const std::vector<ProbeView>& views) {
    return {probes, views};
}

TEST(ProbeMetrics, MergeAMetricOfSeveralProbesIntoOneFamily) {
    const auto out = collect({process("a"), process("b")},
                             {view({{0, {"a"}, 1}, {1, {"a"}, 10}}), view({{0, {"b"}, 2}})});
    EXPECT_EQ(std::count_if(out.frame.families.begin(), out.frame.families.end(),
                            [](const auto& f) { return f.metric->name == "plimsoll_cpu_total"; }),
              1);
    EXPECT_THAT(
        series(out, "plimsoll_cpu_total"),
        ElementsAre("plimsoll_cpu_total{container=a} 1", "plimsoll_cpu_total{container=b} 2"));
    EXPECT_THAT(series(out, "plimsoll_memory"), ElementsAre("plimsoll_memory{container=a} 10"));
}

TEST(ProbeMetrics, TellTwoServersApartByTheirProbe) {
    const auto out = collect({database("postgres"), database("postgres:2")},
                             {view({{0, {}, 100}, {1, {"idle"}, 4}}), view({{0, {}, 20}})});
    EXPECT_THAT(series(out, "plimsoll_db_max"), ElementsAre("plimsoll_db_max{probe=postgres:2} 20",
                                                            "plimsoll_db_max{probe=postgres} 100"));
    EXPECT_THAT(series(out, "plimsoll_db_backends"),
                ElementsAre("plimsoll_db_backends{state=idle,probe=postgres} 4"));
    EXPECT_THAT(series(collect({database("postgres")}, {view({{0, {}, 100}})}), "plimsoll_db_max"),
                ElementsAre("plimsoll_db_max{} 100"));
}

TEST(ProbeMetrics, KeepCountersAndHideGaugesInAGap) {
    const auto out = collect({process("a")}, {view({{0, {"a"}, 1}, {1, {"a"}, 10}}, true)});
    EXPECT_THAT(series(out), ElementsAre("plimsoll_cpu_total{container=a} 1",
                                         "plimsoll_probe_duration_seconds{probe=process:a} 2",
                                         "plimsoll_probe_gaps_total{probe=process:a} 1",
                                         "plimsoll_probe_up{probe=process:a} 0"));
}

TEST(ProbeMetrics, ShowOnlyHealthBeforeTheFirstReading) {
    EXPECT_THAT(series(collect({process("a")}, {ProbeView{}})),
                ElementsAre("plimsoll_probe_duration_seconds{probe=process:a} 0",
                            "plimsoll_probe_gaps_total{probe=process:a} 0",
                            "plimsoll_probe_up{probe=process:a} 0"));
}

TEST(ProbeMetrics, KeepTheFirstOfSeriesWithEqualLabels) {
    EXPECT_THAT(
        series(collect({process("a")}, {view({{1, {"a"}, 1}, {1, {"a"}, 2}})}), "plimsoll_memory"),
        ElementsAre("plimsoll_memory{container=a} 1"));
}

TEST(ProbeMetrics, SkipValuesThatDoNotFitTheirDescriptor) {
    EXPECT_THAT(
        series(collect({process("a")}, {view({{7, {"a"}, 1}, {1, {}, 2}})}), "plimsoll_memory"),
        IsEmpty());
}

TEST(ProbeMetrics, RefuseContradictingDeclarations) {
    ProbeInfo other = process("b");
    other.descriptors[1].type = MetricType::Counter;
    const auto type = MetricSet::make({}, std::vector{process("a"), other});
    ASSERT_FALSE(type);
    EXPECT_EQ(type.error().to_string(),
              "probe process:b: metric plimsoll_memory is declared with another type or other "
              "labels than by an earlier probe (give it a name of its own)");

    other = process("b");
    other.descriptors[0].name = "plimsoll_requests_total";
    const auto own = MetricSet::make({}, std::vector{other});
    ASSERT_FALSE(own);
    EXPECT_THAT(own.error().what, HasSubstr("plimsoll_requests_total is one of the load's own"));
}

}  // namespace
}  // namespace plimsoll
