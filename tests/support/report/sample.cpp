#include "support/report/sample.hpp"

#include "signal/names.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <queue>
#include <string>

namespace plimsoll::sample {
namespace {

using namespace std::chrono_literals;

constexpr double kStartRate = 25;
constexpr double kEndRate = 500;
constexpr double kRamp_s = 60;
constexpr double kHold_s = 0.020;
constexpr double kApp_s = 0.002;
constexpr double kPoolTimeout_s = 2;
constexpr std::size_t kPool = 5;

Nanoseconds ns(double seconds) {
    return Nanoseconds(std::llround(seconds * 1e9));
}

RunInfo run_info(double scale) {
    RunInfo info;
    info.id = "20260131T120000Z-4f2a";
    info.scenario_name = "demo";
    info.scenario_text = "target: http://127.0.0.1:8080\nload: [...]\n";
    info.version = "0.1.0";
    info.target = "http://127.0.0.1:8080";
    info.seed = 7;
    info.shards = 2;
    info.start.wall = WallClock::time_point(1769860800s);  // 2026-01-31T12:00:00Z
    info.planned_duration = ns(kRamp_s * scale);
    info.endpoints = {{"reader", "/v1/deployments?status= [FILTER]", "GET"},
                      {"workflow", "[WORKFLOW] Create deployment", "POST"}};
    info.user_classes = {"reader", "workflow"};
    info.request_timeout = 30s;
    info.tags = {"team=platform"};
    ExecutorInfo executor{"ramp", ExecutorKind::RampingArrivalRate, true, kStartRate, {}, 2000};
    executor.stages = {{0s, ns(30 * scale), (kStartRate + kEndRate) / 2},
                       {ns(30 * scale), ns(kRamp_s * scale), kEndRate}};
    info.executors = {executor};
    return info;
}

double rate_at(double t_s) {
    return kStartRate + (kEndRate - kStartRate) * std::min(t_s / kRamp_s, 1.0);
}

struct Done {
    double completed_s;
    plimsoll::Sample request;
};

/// The pool as a queue: first come first served, given up after the pool's timeout.
std::vector<Done> serve(double scale) {
    std::vector<Done> all;
    std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
    for (std::size_t i = 0; i < kPool; ++i) {
        free_at.push(0);
    }
    std::size_t index = 0;
    for (double due_s = 0; due_s < kRamp_s; due_s += 1 / rate_at(due_s), ++index) {
        plimsoll::Sample request;
        request.endpoint = index % 5 == 4 ? 1 : 0;
        // A spread of ±25 % that averages to the hold time and repeats.
        const double hold_s = kHold_s * (0.75 + 0.125 * static_cast<double>(index * 3 % 5));
        const double starts_s = std::max(due_s, free_at.top());
        double completed_s = starts_s + hold_s + kApp_s;
        if (starts_s - due_s > kPoolTimeout_s) {
            completed_s = due_s + kPoolTimeout_s;
            request.outcome = Outcome::Http5xx;
            request.status = 503;
        } else {
            free_at.pop();
            free_at.push(starts_s + hold_s);
            request.status = request.endpoint == 1 ? 202 : 200;
        }
        request.due = Clock::time_point(ns(due_s * scale));
        request.sent = request.due + 120us;
        request.completed = request.due + ns(completed_s - due_s);
        request.bytes_sent = 120;
        request.bytes_received = request.outcome == Outcome::Ok ? 640 : 180;
        all.push_back({to_seconds(request.completed.time_since_epoch()), request});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Done& a, const Done& b) { return a.completed_s < b.completed_s; });
    return all;
}

std::vector<StoredTick> ticks_of(const RunInfo& info, const std::vector<Done>& done) {
    std::vector<StoredTick> ticks(static_cast<std::size_t>(done.back().completed_s) + 1);
    for (std::size_t i = 0; i < ticks.size(); ++i) {
        auto& tick = ticks[i];
        tick.tick = i;
        tick.from = std::chrono::seconds(i);
        tick.to = std::chrono::seconds(i + 1);
        tick.endpoints.resize(info.endpoints.size());
        const double scale = to_seconds(info.planned_duration) / kRamp_s;
        const double end_s = static_cast<double>(i + 1) / scale;
        tick.executors = {{end_s > kRamp_s ? 2U
                           : end_s > 30    ? 1U
                                           : 0U,
                           end_s > kRamp_s ? 0 : rate_at(end_s)}};
        tick.shards.resize(2);
        tick.shards[0].cpu_ratio = 0.02 + 0.0001 * rate_at(end_s);
        tick.shards[1].cpu_ratio = 0.02;
    }
    for (const auto& one : done) {
        const auto due_s = to_seconds(one.request.due.time_since_epoch());
        auto& due = ticks[static_cast<std::size_t>(due_s)];
        ++due.counts.arrivals_due;
        auto& tick = ticks[static_cast<std::size_t>(one.completed_s)];
        tick.endpoints[one.request.endpoint].record(one.request);
        ++tick.counts.iterations_completed;
        for (double t = due_s; t < one.completed_s; t = std::floor(t) + 1) {
            const double until = std::min(one.completed_s, std::floor(t) + 1);
            ticks[static_cast<std::size_t>(t)].state.in_flight_mean += until - t;
        }
    }
    for (auto& tick : ticks) {
        tick.state.users = static_cast<std::uint32_t>(std::ceil(tick.state.in_flight_mean));
    }
    return ticks;
}

StoredSeries series(const char* probe, const char* metric, MetricType type,
                    std::vector<std::pair<std::string, std::string>> labels) {
    StoredSeries one;
    one.probe = probe;
    one.metric = metric;
    one.type = type;
    one.labels = std::move(labels);
    return one;
}

/// The database at 5 Hz: the pool is busy as far as requests are in flight, and never beyond it.
void add_database(report::RunData& data, double end_s) {
    const auto state = [](const char* name) {
        return series("postgres", metric::kPgBackends, MetricType::Gauge,
                      {{"datname", "lab"},
                       {"usename", "lab"},
                       {"application_name", "lab"},
                       {"state", name},
                       {"wait_event_type", ""}});
    };
    auto active = state("active");
    auto idle = state("idle");
    auto limit = series("postgres", metric::kPgMaxConnections, MetricType::Gauge, {});
    for (int i = 0; i < static_cast<int>(end_s * 5); ++i) {
        const double t_s = 0.1 + i * 0.2;
        const auto& row =
            data.ticks[std::min(data.ticks.size() - 1, static_cast<std::size_t>(t_s))];
        const double busy = std::min(5.0, std::floor(row.in_flight + 0.5 + (i % 3 - 1) * 0.4));
        limit.points.push_back({t_s, 100});
        if (t_s > 14.0 * end_s / 62 && t_s < 16.0 * end_s / 62) {
            limit.points.pop_back();
            continue;
        }
        active.points.push_back({t_s, std::max(0.0, busy)});
        idle.points.push_back({t_s, 5 - std::max(0.0, busy)});
    }
    data.gaps.push_back({"postgres", "the server did not answer in time", 14.0 * end_s / 62,
                         16.0 * end_s / 62, false});
    data.series.insert(data.series.end(), {active, idle, limit});
    StoredProbe probe;
    probe.info.name = "postgres";
    probe.info.facts = {{"server_version", "15.6"}, {"max_connections", "100"}};
    probe.expected = static_cast<std::uint64_t>(end_s * 5);
    probe.readings = probe.expected - 10;
    probe.gaps = 1;
    probe.longest_took_s = 0.0034;
    probe.largest_gap_s = 2;
    data.probes.push_back(probe);
}

void add_cpu(report::RunData& data) {
    const std::array<std::pair<const char*, double>, 2> roles{
        {{"app", 0.0011}, {"database", 0.0004}}};
    for (const auto& [role, cpu_per_request_s] : roles) {
        auto cpu = series("process", metric::kContainerCpuSeconds, MetricType::Counter,
                          {{"container", role}, {"role", role}});
        double used_s = 1.5;
        cpu.points.push_back({0, used_s});
        for (const auto& row : data.ticks) {
            used_s += (0.01 + cpu_per_request_s * row.outcome_rate[0]) * (row.to_s - row.from_s);
            cpu.points.push_back({row.to_s, used_s});
        }
        data.series.push_back(cpu);
    }
}

void add_canaries(report::RunData& data, double end_s) {
    const std::array<std::pair<const char*, double>, 3> canaries{
        {{"no_database", 0.0011}, {"select_1", 0.0004}, {"fresh_connect", 0.0031}}};
    double offset_s = 0.2;
    for (const auto& [name, seconds] : canaries) {
        auto took = series("canary", metric::kCanarySeconds, MetricType::Gauge, {{"canary", name}});
        auto failed =
            series("canary", metric::kCanaryFailures, MetricType::Counter, {{"canary", name}});
        double failures = 0;
        for (int i = 0; i < static_cast<int>(end_s); ++i) {
            const double t_s = i + offset_s;
            const bool fails = offset_s > 0.5 && i % 30 == 29;
            failures += fails ? 1 : 0;
            failed.points.push_back({t_s, failures});
            if (!fails) {
                took.points.push_back({t_s, seconds * (1 + 0.05 * (i * 7 % 11 - 5))});
            }
        }
        data.series.push_back(took);
        data.series.push_back(failed);
        offset_s += 0.2;
    }
}

EndpointResult endpoint_result(const RunInfo& info, const report::RunData& data, EndpointId id) {
    EndpointResult result;
    const auto& stats = data.totals[id];
    result.user = info.endpoints[id].user;
    result.name = info.endpoints[id].name;
    result.method = info.endpoints[id].method;
    result.requests = stats.requests;
    result.failed = stats.failed;
    for (const auto& status : stats.statuses) {
        result.outcomes[std::string(to_string(status.outcome))] += status.count;
    }
    result.response = summary_of(stats.response);
    result.service = summary_of(stats.service);
    return result;
}

void count_totals(Sample& sample) {
    auto& analysis = sample.analysis;
    const auto all = sample.data.merged();
    analysis.duration_s = sample.data.ticks.back().to_s;
    analysis.requests = all.requests;
    analysis.failed = all.failed;
    analysis.rate = static_cast<double>(all.requests) / analysis.duration_s;
    analysis.response = summary_of(all.response);
    analysis.service = summary_of(all.service);
    analysis.send_lag = summary_of(all.send_lag);
    for (EndpointId id = 0; id < sample.info.endpoints.size(); ++id) {
        auto result = endpoint_result(sample.info, sample.data, id);
        result.rate = static_cast<double>(result.requests) / analysis.duration_s;
        result.bytes_received_mean = 600;
        analysis.endpoints.push_back(result);
    }
    analysis.generator = {6.5, 412.5, 48'234'496, 2, {{"otlp", 7}}};
    analysis.generator.exporters = {{"otlp", {1200, 2, 3, 7}}};
}

ThresholdResult threshold(const char* key, const char* expression, ThresholdMetric metric,
                          Statistic statistic, bool ok, std::optional<double> value) {
    Threshold one;
    one.key = key;
    one.expression = expression;
    one.metric = metric;
    one.statistic = statistic;
    return {one, ok, value, {}};
}

void judge(Sample& sample, double scale) {
    auto& analysis = sample.analysis;
    analysis.verdict = Verdict::Degraded;
    analysis.checks = {
        {"sent_ratio", true, true, 1, 0.99, "All 15,750 planned arrivals were sent."},
        {"send_lag_p99", true, true, 0.00012, 0.0011,
         "99 % of the requests left at most 120 µs late; 1.1 ms is allowed."},
        {"probe_gaps", false, false, 0.032, 0.02,
         "postgres had no reading for 2.0 s, 3.2 % of the run; 2 % is allowed."}};
    const auto& summary = analysis.response;
    analysis.stages = {
        {"ramp", 0, 0, 30 * scale, 143.75 / scale, 143.5 / scale, 4.1, 0, summary},
        {"ramp", 1, 30 * scale, 60 * scale, 381.25 / scale, 370.1 / scale, 420.7, 0.31, summary}};
    analysis.thresholds = {
        threshold("http_req_duration", "p(95)<500ms", ThresholdMetric::ResponseTime,
                  Statistic::Quantile, false, summary.p95),
        threshold("http_req_failed", "rate<50%", ThresholdMetric::Failed, Statistic::Rate, true,
                  static_cast<double>(analysis.failed) / static_cast<double>(analysis.requests)),
        threshold("http_req_duration{endpoint:none}", "avg<1s", ThresholdMetric::ResponseTime,
                  Statistic::Avg, true, std::nullopt)};
    analysis.breaking_point = {true,
                               29.5 * scale,
                               258,
                               {249, 267},
                               "response time left its floor while the offered rate still rose"};
    analysis.highest_offered = 500;
    Finding pool;
    pool.cause = "app_pool_exhausted";
    pool.confidence = "high";
    pool.onset_s = 28.4 * scale;
    pool.evidence = {
        "Busy backends of \"lab\" stayed at 5 while the offered rate rose from 250/s to 500/s.",
        "Service time of the database part stayed at 20 ms; response time rose from 22 ms to 2.0 "
        "s.",
        "The canary without database stayed at 1.1 ms.",
        "3,120 bodies say \"no database connection within 2s\"."};
    pool.against = {"PostgreSQL refused 2 fresh connections."};
    pool.missing = {"The application's own pool metrics (app_metrics is not configured)."};
    pool.values = {{"pool_size", 5}, {"recommended_pool_size", 17}, {"hold_s", 0.02}};
    pool.fix =
        "Raise the pool from 5 to 17 connections: 500/s × 20 ms = 10 busy on average, and two "
        "standard deviations more. Rerun to confirm.";
    analysis.findings = {pool};
    analysis.resource_limits = {
        {"database connections of \"lab\"", "connections", 5, 4.98, 0.01992, 251, 0.996},
        {"the database's CPU", "cores", 2, 0.125, 0.0005, 4000, 0.0625}};
}

}  // namespace

LatencySummary summary_of(const Histogram& histogram, double censored_from) {
    LatencySummary summary;
    summary.count = histogram.count();
    summary.min = to_seconds(histogram.min());
    summary.mean = to_seconds(histogram.mean());
    summary.p50 = to_seconds(histogram.quantile(0.5));
    summary.p90 = to_seconds(histogram.quantile(0.9));
    summary.p95 = to_seconds(histogram.quantile(0.95));
    summary.p99 = to_seconds(histogram.quantile(0.99));
    summary.p999 = to_seconds(histogram.quantile(0.999));
    summary.max = to_seconds(histogram.max());
    summary.p99_supported = histogram.count() >= 563;
    summary.p999_supported = histogram.count() >= 5662;
    summary.censored_from = censored_from;
    return summary;
}

Sample broken_pool(double scale) {
    Sample sample;
    sample.info = run_info(scale);
    const auto ticks = ticks_of(sample.info, serve(scale));
    report::TickCollector collector(sample.info, sample.data);
    for (const auto& tick : ticks) {
        collector.add(tick);
    }
    collector.finish();
    const double end_s = sample.data.ticks.back().to_s;
    add_database(sample.data, end_s);
    add_cpu(sample.data);
    add_canaries(sample.data, end_s);
    sample.data.events = {
        {30 * scale, EventKind::StageChanged, "ramp: stage 2"},
        {40 * scale, EventKind::ThresholdCrossed, "http_req_duration p(95)<500ms"}};
    sample.data.facts = {{"host.cpus", "2"}, {"generator.cpu_seconds", "6.5"}};
    count_totals(sample);
    judge(sample, scale);
    const auto failed = sample.data.totals[0].failed;
    sample.analysis.errors = {{"GET", "/v1/deployments?status= [FILTER]", "http_5xx", 503,
                               "{\"error\":\"no database connection within 2s\"}", failed - 10,
                               36.2 * scale, 61.9 * scale}};
    return sample;
}

Sample held() {
    Sample sample;
    sample.info = run_info(1);
    sample.info.executors = {{"steady", ExecutorKind::ConstantVus, false, 2, {{0s, 10s, 2}}, 2}};
    report::TickCollector collector(sample.info, sample.data);
    for (std::uint64_t i = 0; i < 10; ++i) {
        StoredTick tick;
        tick.tick = i;
        tick.from = std::chrono::seconds(i);
        tick.to = std::chrono::seconds(i + 1);
        tick.endpoints.resize(2);
        for (int k = 0; k < 10 && i != 4; ++k) {  // nothing completes in the fifth second
            plimsoll::Sample request;
            request.completed = request.due + std::chrono::milliseconds(10 + k);
            request.status = 200;
            request.bytes_received = 100;
            tick.endpoints[0].record(request);
        }
        tick.state.users = 2;
        tick.executors = {{0, 2}};
        collector.add(tick);
    }
    collector.finish();
    count_totals(sample);
    sample.analysis.open_model = false;
    sample.analysis.highest_offered = 2;
    sample.analysis.checks = {{"sent_ratio", true, true, 1, 0.99, "Everything was sent."}};
    return sample;
}

Sample hostile() {
    const std::string nasty =
        "</script><script>document.title='owned'</script><img src=x onerror=\"document.title="
        "'owned'\">]]>\"'&amp;,|`{{main}}\n-->\x01\xff end";
    auto sample = broken_pool();
    auto& info = sample.info;
    info.scenario_name = info.scenario_text = info.target = info.id = info.version = nasty;
    info.tags = {nasty};
    auto& analysis = sample.analysis;
    for (std::size_t i = 0; i < info.endpoints.size(); ++i) {
        const auto name = nasty + std::to_string(i);
        info.endpoints[i].name = analysis.endpoints[i].name = name;
        info.endpoints[i].user = analysis.endpoints[i].user = nasty;
        info.endpoints[i].method = analysis.endpoints[i].method = nasty;
    }
    for (auto& check : analysis.checks) {
        check.name = check.why = nasty;
    }
    for (auto& stage : analysis.stages) {
        stage.executor = nasty;
    }
    for (auto& result : analysis.thresholds) {
        result.threshold.key = result.threshold.expression = nasty;
    }
    analysis.breaking_point.symptom = nasty;
    for (auto& finding : analysis.findings) {
        finding.cause = finding.confidence = finding.fix = nasty;
        finding.evidence = finding.against = {nasty};
        finding.missing = {nasty};
        finding.values = {{nasty, 1}};
    }
    for (auto& limit : analysis.resource_limits) {
        limit.resource = limit.unit = nasty;
    }
    analysis.errors = {{nasty, nasty + "0", "http_5xx", 503, nasty, 10, 1, 2}};
    analysis.generator.dropped = {{nasty, 1}};
    analysis.generator.exporters = {{nasty, {9, 2, 3, 1}}};
    for (auto& series : sample.data.series) {
        for (auto& [label, value] : series.labels) {
            value = label == "state" ? value : nasty;
        }
    }
    for (auto& event : sample.data.events) {
        event.text = nasty;
    }
    for (auto& gap : sample.data.gaps) {
        gap.reason = nasty;
    }
    for (auto& probe : sample.data.probes) {
        probe.info.name = nasty;
        probe.info.facts = {{nasty, nasty}};
    }
    sample.data.facts = {{nasty, nasty}};
    return sample;
}

}  // namespace plimsoll::sample
