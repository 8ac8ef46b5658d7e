// The load's own metrics and those of the run.
#include "signal/metric_set.hpp"
#include "tests/unit/signal/frames.hpp"

#include <set>

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::series;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

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

/// What one look shows; keeps what the frame refers to.
struct Shown {
    Shown(const RunInfo& run, const Snapshot& snapshot, MetricSpan span = MetricSpan::SinceStart,
          VerdictPtr verdict = nullptr, ExporterCountsPtr exporters = nullptr)
        : metrics(MetricSet::make(run, {}).value()),
          frame(metrics.frame({std::make_shared<const Snapshot>(snapshot),
                               {},
                               std::move(verdict),
                               std::move(exporters)},
                              span)) {}
    [[nodiscard]] std::vector<std::string> of(const std::string& name) const {
        return series(frame, name);
    }

    MetricSet metrics;
    MetricFrame frame;
};

TEST(LoadMetrics, CountRequestsByOutcomeAndStatusWithAnEmptyStatusWhereNoHeaderCame) {
    Snapshot snapshot;
    snapshot.total.resize(1);
    snapshot.total[0].record(sample(Outcome::Ok, 200));
    snapshot.total[0].record(sample(Outcome::Ok, 200));
    snapshot.total[0].record(sample(Outcome::Http5xx, 503));
    snapshot.total[0].record(sample(Outcome::ConnectRefused, 0));
    const Shown out(one_endpoint(), snapshot);
    EXPECT_THAT(out.of("plimsoll_requests_total"),
                ElementsAre("plimsoll_requests_total{user=reader,endpoint=/x,method=GET,"
                            "outcome=connect_refused,status=} 1",
                            "plimsoll_requests_total{user=reader,endpoint=/x,method=GET,"
                            "outcome=http_5xx,status=503} 1",
                            "plimsoll_requests_total{user=reader,endpoint=/x,method=GET,outcome=ok,"
                            "status=200} 2"));
    EXPECT_THAT(out.of("plimsoll_bytes_total"),
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
    EXPECT_THAT(Shown(run, snapshot).of("plimsoll_offered_rate"),
                ElementsAre("plimsoll_offered_rate{} 42"));
    run.executors = {closed};
    EXPECT_THAT(Shown(run, snapshot).of("plimsoll_offered_rate"), IsEmpty());
}

TEST(LoadMetrics, OfferNothingOnceTheRunIsOver) {
    RunInfo run = one_endpoint();
    ExecutorInfo arrivals;
    arrivals.stages = {{0s, 1s, 10}};
    run.executors = {arrivals};
    Snapshot snapshot;
    snapshot.executors = {{0, 10}};
    EXPECT_THAT(Shown(run, snapshot).of("plimsoll_offered_rate"),
                ElementsAre("plimsoll_offered_rate{} 10"));
    snapshot.last = true;
    EXPECT_THAT(Shown(run, snapshot).of("plimsoll_offered_rate"),
                ElementsAre("plimsoll_offered_rate{} 0"));
}

TEST(LoadMetrics, MarkTheStageThatAnExecutorIsIn) {
    RunInfo run = one_endpoint();
    ExecutorInfo ramp;
    ramp.name = "ramp";
    ramp.stages = {{0s, 1s, 10}, {1s, 2s, 20}};
    run.executors = {ramp};
    Snapshot snapshot;
    snapshot.executors = {{1, 15}};
    EXPECT_THAT(Shown(run, snapshot).of("plimsoll_stage"),
                ElementsAre("plimsoll_stage{executor=ramp,stage=0} 0",
                            "plimsoll_stage{executor=ramp,stage=1} 1"));
    snapshot.executors = {{2, 0}};  // over
    EXPECT_THAT(Shown(run, snapshot).of("plimsoll_stage"),
                ElementsAre("plimsoll_stage{executor=ramp,stage=0} 0",
                            "plimsoll_stage{executor=ramp,stage=1} 0"));
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
    const Shown out(run, snapshot);
    EXPECT_THAT(out.of("plimsoll_checks_total"),
                ElementsAre("plimsoll_checks_total{check=has items,result=fail} 2",
                            "plimsoll_checks_total{check=has items,result=pass} 7"));
    EXPECT_THAT(out.of("plimsoll_iterations_cut_short_total"),
                ElementsAre("plimsoll_iterations_cut_short_total{} 3"));
    EXPECT_THAT(out.of("plimsoll_steps_unrendered_total"),
                ElementsAre("plimsoll_steps_unrendered_total{} 4"));
    EXPECT_THAT(out.of("plimsoll_group_seconds"),
                ElementsAre("plimsoll_group_seconds{group=checkout} 1"));
}

// A count is a member, a row, and the place that counts: here is what the row alone gives.
TEST(LoadMetrics, ShowEachPlainCountOfTheTable) {
    Snapshot snapshot;
    std::uint64_t next = 1;
    for (const LoadCount& count : kLoadCounts) {
        snapshot.total_counts.*count.value = next++;
    }
    const Shown out(one_endpoint(), snapshot);
    std::size_t shown = 0;
    for (const LoadCount& count : kLoadCounts) {
        if (!count.metric.empty()) {
            const std::string name(count.metric);
            EXPECT_THAT(
                out.of(name),
                ElementsAre(name + "{} " + std::to_string(snapshot.total_counts.*count.value)));
            ++shown;
        }
    }
    EXPECT_GE(shown, 7U);
}

TEST(LoadMetrics, TellOfTheLastTickWhereThatIsAskedFor) {
    RunInfo run = one_endpoint();
    run.checks = {"c"};
    run.groups = {"g"};
    Snapshot snapshot;
    snapshot.delta.resize(1);
    snapshot.delta[0].record(sample(Outcome::Ok, 200));
    snapshot.delta_checks = {{1, 2}};
    snapshot.delta_groups.resize(1);
    snapshot.delta_groups[0].duration.record(1s);
    snapshot.delta_phases[RequestPhase::Wait].record(1ms);
    snapshot.delta_counts.iterations_completed = 5;
    snapshot.state.late_sends = 3;
    snapshot.state.users = 8;
    Snapshot before = snapshot;
    before.add_up(nullptr);
    snapshot.add_up(&before);  // twice the same tick
    const Shown tick(run, snapshot, MetricSpan::LastTick);
    const Shown all(run, snapshot);
    for (const auto& [name, count] : std::vector<std::pair<std::string, int>>{
             {"plimsoll_requests_total{user=reader,endpoint=/x,method=GET,outcome=ok,status=200}",
              1},
             {"plimsoll_response_seconds{user=reader,endpoint=/x,method=GET}", 1},
             {"plimsoll_phase_seconds{phase=blocked}", 1},
             {"plimsoll_phase_seconds{phase=wait}", 1},
             {"plimsoll_bytes_total{direction=sent}", 100},
             {"plimsoll_checks_total{check=c,result=fail}", 2},
             {"plimsoll_group_seconds{group=g}", 1},
             {"plimsoll_iterations_total{}", 5},
             {"plimsoll_generator_late_sends_total{}", 3}}) {
        EXPECT_THAT(series(tick.frame), Contains(name + " " + std::to_string(count)));
        EXPECT_THAT(series(all.frame), Contains(name + " " + std::to_string(2 * count)));
    }
    EXPECT_THAT(series(tick.frame), Contains("plimsoll_vus{} 8"));
}

TEST(LoadMetrics, ReferToTheSnapshotsHistogramsAndKeepThem) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->total.resize(1);
    snapshot->total[0].record(sample(Outcome::Ok, 200));
    const Histogram* const response = &snapshot->total[0].response;
    const MetricSet metrics = MetricSet::make(one_endpoint(), {}).value();
    const MetricFrame frame = metrics.frame({snapshot, {}, nullptr, nullptr});
    snapshot.reset();
    const auto family = std::find_if(
        frame.families.begin(), frame.families.end(),
        [](const auto& each) { return each.metric->name == "plimsoll_response_seconds"; });
    ASSERT_NE(family, frame.families.end());
    EXPECT_EQ(family->series.at(0).times, response);
    EXPECT_EQ(family->series[0].times->count(), 1U);
}

TEST(LoadMetrics, ShowWhatBecameOfEveryExportersRecords) {
    const Shown out(one_endpoint(), {}, MetricSpan::SinceStart, nullptr,
                    std::make_shared<const ExporterCounts>(ExporterCounts{
                        {"otlp", {"spans", 5, 2, 3, 7, ""}}, {"run_file", Deliveries{}}}));
    for (const auto& [what, count] : std::vector<std::pair<std::string, std::string>>{
             {"sent", "5"}, {"retried", "2"}, {"rejected", "3"}, {"dropped", "7"}}) {
        const std::string name = "plimsoll_exporter_" + what + "_total";
        EXPECT_THAT(out.of(name),
                    ElementsAre(name + "{exporter=otlp} " + count, name + "{exporter=run_file} 0"));
    }
}

TEST(LoadMetrics, SayWhatTheRunIsJudgedByAndWhatItCameTo) {
    RunVerdict verdict{{{"http_reqs: count>1", true},
                        {"http_reqs: count>1", false},  // written twice
                        {"checks: rate>99%", false}},
                       {{"app_pool_exhausted", "high"}},
                       BrokeAt{212, 41}};
    const auto shown = [&](const RunVerdict& judged) {
        return Shown(one_endpoint(), {}, MetricSpan::SinceStart,
                     std::make_shared<const RunVerdict>(judged));
    };
    const Shown out = shown(verdict);
    EXPECT_THAT(out.of("plimsoll_threshold_ok"),
                ElementsAre("plimsoll_threshold_ok{threshold=checks: rate>99%} 0",
                            "plimsoll_threshold_ok{threshold=http_reqs: count>1} 1"));
    EXPECT_THAT(out.of("plimsoll_finding"),
                ElementsAre("plimsoll_finding{cause=app_pool_exhausted,confidence=high} 1"));
    EXPECT_THAT(out.of("plimsoll_breaking_point_rate"),
                ElementsAre("plimsoll_breaking_point_rate{} 212"));
    EXPECT_THAT(out.of("plimsoll_breaking_point_seconds"),
                ElementsAre("plimsoll_breaking_point_seconds{} 41"));
    verdict.broke_at.reset();
    EXPECT_THAT(shown(verdict).of("plimsoll_breaking_point_rate"), IsEmpty());
}

TEST(LoadMetrics, SayWhenTheRunStartedAndHowItStands) {
    RunInfo run = one_endpoint();
    run.start.wall = WallClock::time_point(1767225600s);
    const auto state = [&](bool last, bool over, bool final) {
        const MetricSet metrics = MetricSet::make(run, {}).value();
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->last = last;
        auto verdict = std::make_shared<RunVerdict>();
        verdict->final = final;
        verdict->validity = final ? "INVALID" : "";
        const RunView view{std::move(snapshot), {}, std::move(verdict), nullptr, over};
        return series(metrics.frame(view));
    };
    const auto of = [](const std::string& now) {
        std::vector<std::string> all;
        for (const std::string each : {"ended", "judged", "running"}) {
            all.push_back("plimsoll_run_state{state=" + each + "} " + (each == now ? "1" : "0"));
        }
        return testing::IsSupersetOf(all);
    };
    EXPECT_THAT(state(false, false, false), of("running"));
    EXPECT_THAT(state(true, false, false), of("ended"));
    EXPECT_THAT(state(false, true, false), of("ended"));
    EXPECT_THAT(state(true, true, true), of("judged"));
    EXPECT_THAT(state(false, false, false),
                Contains("plimsoll_run_start_time_seconds{} 1767225600"));
    EXPECT_THAT(state(false, false, false), Not(Contains(StartsWith("plimsoll_run_validity"))));
    EXPECT_THAT(state(true, true, true),
                testing::IsSupersetOf({"plimsoll_run_validity{verdict=DEGRADED} 0",
                                       "plimsoll_run_validity{verdict=INVALID} 1",
                                       "plimsoll_run_validity{verdict=VALID} 0"}));
}

TEST(LoadMetrics, TellTheLimitOfEachThresholdOnce) {
    RunInfo run = one_endpoint();
    Threshold slow;
    slow.key = "http_req_duration{endpoint:/x}";
    slow.expression = "p(95)<2s";
    slow.limit = 2;
    run.thresholds = {slow, slow};
    EXPECT_THAT(
        Shown(run, {}).of("plimsoll_threshold_limit"),
        ElementsAre("plimsoll_threshold_limit{threshold=http_req_duration{endpoint:/x}: p(95)<2s}"
                    " 2"));
}

TEST(LoadMetrics, CarryTheRunsTagsBehindTheirOwnLabels) {
    RunInfo run = one_endpoint();
    run.id = "id";
    run.scenario_name = "name";
    run.version = "1";
    run.tags = {"env=ci", "git.sha=a=b", "empty="};
    EXPECT_THAT(Shown(run, {}).of("plimsoll_run_info"),
                ElementsAre("plimsoll_run_info{run=id,scenario=name,version=1,env=ci,git.sha=a=b,"
                            "empty=} 1"));
}

TEST(LoadMetrics, HaveLabelsOfUtf8AndReplaceBytesThatAreNot) {
    for (const auto& [given, shown] : std::vector<std::pair<std::string, std::string>>{
             {"Zażółć €😀", "Zażółć €😀"},
             {"x\xFFy", "x\xEF\xBF\xBDy"},
             {"\xC3", "\xEF\xBF\xBD"},                                     // cut short
             {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                     // overlong '/'
             {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}}) {  // a lone surrogate
        RunInfo run = one_endpoint();
        run.id = given;
        run.tags = {"t=" + given};
        EXPECT_THAT(Shown(run, {}).of("plimsoll_run_info"),
                    ElementsAre("plimsoll_run_info{run=" + shown +
                                ",scenario=,version=,t=" + shown + "} 1"));
    }
}

TEST(LoadMetrics, AreLeftOutWhereNoLoadRuns) {
    RunInfo run = one_endpoint();
    run.has_load = false;
    const Shown out(run, *nothing_yet(run), MetricSpan::SinceStart, nullptr,
                    std::make_shared<const ExporterCounts>(ExporterCounts{{"json", {}}}));
    EXPECT_THAT(series(out.frame), Contains(StartsWith("plimsoll_run_info{")));
    EXPECT_THAT(series(out.frame), Contains(StartsWith("plimsoll_exporter_sent_total{")));
    EXPECT_THAT(series(out.frame), Not(Contains(StartsWith("plimsoll_requests_total{"))));
    EXPECT_THAT(series(out.frame), Not(Contains(StartsWith("plimsoll_vus{"))));
}

TEST(OwnMetrics, EachHaveANameAHelpAndTheirLabelsOnce) {
    std::set<std::string> names;
    for (const MetricDescriptor& metric : own_metrics()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_THAT(metric.name, StartsWith("plimsoll_"));
        EXPECT_FALSE(metric.help.empty()) << metric.name;
        EXPECT_EQ(metric.type == MetricType::Counter, metric.name.ends_with("_total"))
            << metric.name;
        const std::set<std::string> labels(metric.labels.begin(), metric.labels.end());
        EXPECT_EQ(labels.size(), metric.labels.size()) << metric.name;
    }
}

}  // namespace
}  // namespace plimsoll
