#include "exporters/prometheus/load_metrics.hpp"

#include "base/utf8.hpp"
#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/series_count.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace plimsoll {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::array<std::string_view, 35> kNames{
    "plimsoll_run_info",
    "plimsoll_requests_total",
    "plimsoll_response_seconds",
    "plimsoll_service_seconds",
    "plimsoll_send_lag_seconds",
    "plimsoll_phase_seconds",
    "plimsoll_redirects_total",
    "plimsoll_bytes_total",
    "plimsoll_iterations_total",
    "plimsoll_iterations_cut_short_total",
    "plimsoll_steps_unrendered_total",
    "plimsoll_user_starts_failed_total",
    "plimsoll_users_stopped_total",
    "plimsoll_out_of_data_total",
    "plimsoll_checks_total",
    "plimsoll_group_seconds",
    "plimsoll_dropped_iterations_total",
    "plimsoll_connects_total",
    "plimsoll_in_flight_requests",
    "plimsoll_vus",
    "plimsoll_vus_max",
    "plimsoll_connections_open",
    "plimsoll_offered_rate",
    "plimsoll_stage",
    "plimsoll_generator_cpu_ratio",
    "plimsoll_generator_loop_lag_seconds",
    "plimsoll_generator_late_sends_total",
    "plimsoll_generator_sockets_left",
    "plimsoll_exporter_sent_total",
    "plimsoll_exporter_retried_total",
    "plimsoll_exporter_rejected_total",
    "plimsoll_exporter_dropped_total",
    "plimsoll_probe_up",
    "plimsoll_probe_duration_seconds",
    "plimsoll_probe_gaps_total",
};

MetricFamily family(const char* name, const char* help, MetricType type) {
    return {name, help, type, {}};
}

void add_counter(MetricFamily& to, Labels labels, std::uint64_t value) {
    ClientMetric& metric = to.metric.emplace_back();
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(value);
}

void add_gauge(MetricFamily& to, Labels labels, double value) {
    ClientMetric& metric = to.metric.emplace_back();
    metric.label = std::move(labels);
    metric.gauge.value = value;
}

MetricFamily counter(const char* name, const char* help) {
    return family(name, help, MetricType::Counter);
}

MetricFamily gauge(const char* name, const char* help) {
    return family(name, help, MetricType::Gauge);
}

MetricFamily gauge(const char* name, const char* help, double value) {
    MetricFamily out = gauge(name, help);
    add_gauge(out, {}, value);
    return out;
}

Labels endpoint_labels(const EndpointInfo& endpoint) {
    return {make_label("user", endpoint.user), make_label("endpoint", endpoint.name),
            make_label("method", endpoint.method)};
}

MetricFamily requests(const RunInfo& run, const Snapshot& snapshot) {
    MetricFamily out = counter("plimsoll_requests_total",
                               "Finished requests by what they came to. status is empty where no "
                               "HTTP header came.");
    for (std::size_t i = 0; i < std::min(run.endpoints.size(), snapshot.total.size()); ++i) {
        for (const StatusCount& entry : snapshot.total[i].statuses) {
            Labels labels = endpoint_labels(run.endpoints[i]);
            labels.push_back(make_label("outcome", to_string(entry.outcome)));
            labels.push_back(
                make_label("status", entry.status == 0 ? "" : std::to_string(entry.status)));
            add_counter(out, std::move(labels), entry.count);
        }
    }
    return out;
}

MetricFamily histograms(const char* name, const char* help, const RunInfo& run,
                        const Snapshot& snapshot, Histogram EndpointStats::*which,
                        std::span<const Nanoseconds> bounds) {
    MetricFamily out = family(name, help, MetricType::Histogram);
    for (std::size_t i = 0; i < std::min(run.endpoints.size(), snapshot.total.size()); ++i) {
        ClientMetric& metric = out.metric.emplace_back();
        metric.label = endpoint_labels(run.endpoints[i]);
        metric.histogram = classic_buckets(snapshot.total[i].*which, bounds);
    }
    return out;
}

MetricFamily phases(const Snapshot& snapshot, std::span<const Nanoseconds> bounds) {
    MetricFamily out = family("plimsoll_phase_seconds",
                              "Parts of a request's time; blocked is due by the schedule to sent.",
                              MetricType::Histogram);
    const auto add = [&](std::string_view name, const Histogram& times) {
        ClientMetric& metric = out.metric.emplace_back();
        metric.label = {make_label("phase", name)};
        metric.histogram = classic_buckets(times, bounds);
    };
    Histogram blocked;
    for (const EndpointStats& stats : snapshot.total) {
        blocked.merge(stats.send_lag);
    }
    add("blocked", blocked);
    for (std::size_t i = 0; i < kRequestPhaseCount; ++i) {
        add(kRequestPhaseNames[i], snapshot.total_phases.times[i]);
    }
    return out;
}

MetricFamily bytes(const Snapshot& snapshot) {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    for (const EndpointStats& stats : snapshot.total) {
        sent += stats.bytes_sent;
        received += stats.bytes_received;
    }
    MetricFamily out =
        counter("plimsoll_bytes_total", "Bytes of finished requests, headers included.");
    add_counter(out, {make_label("direction", "sent")}, sent);
    add_counter(out, {make_label("direction", "received")}, received);
    return out;
}

void add_flow(std::vector<MetricFamily>& out, const LoadCounts& counts) {
    const auto add = [&](const char* name, const char* help, std::uint64_t value) {
        MetricFamily one = counter(name, help);
        add_counter(one, {}, value);
        out.push_back(std::move(one));
    };
    add("plimsoll_iterations_cut_short_total", "Iterations that a failed step ended early.",
        counts.iterations_cut_short);
    add("plimsoll_steps_unrendered_total",
        "Steps that were not sent because a variable in them had no value.",
        counts.steps_unrendered);
    add("plimsoll_user_starts_failed_total", "Users whose user_start failed.",
        counts.starts_failed);
    add("plimsoll_users_stopped_total",
        "Users that stopped before their time: by on_fail, or for want of data.",
        counts.users_stopped);
    add("plimsoll_out_of_data_total",
        "Iterations that did not begin because unique data had no row left.", counts.out_of_data);
}

/// Without checks, or groups, there is no series.
void add_checks_and_groups(std::vector<MetricFamily>& out, const RunInfo& run,
                           const Snapshot& snapshot, std::span<const Nanoseconds> bounds) {
    MetricFamily checks =
        counter("plimsoll_checks_total", "Checks on responses, by whether they held.");
    for (std::size_t i = 0; i < std::min(run.checks.size(), snapshot.total_checks.size()); ++i) {
        const CheckCount& count = snapshot.total_checks[i];
        add_counter(checks, {make_label("check", run.checks[i]), make_label("result", "pass")},
                    count.passed);
        add_counter(checks, {make_label("check", run.checks[i]), make_label("result", "fail")},
                    count.failed);
    }
    MetricFamily groups = family("plimsoll_group_seconds",
                                 "Time from when a group's first step was due to its last one's "
                                 "end.",
                                 MetricType::Histogram);
    for (std::size_t i = 0; i < std::min(run.groups.size(), snapshot.total_groups.size()); ++i) {
        ClientMetric& metric = groups.metric.emplace_back();
        metric.label = {make_label("group", run.groups[i])};
        metric.histogram = classic_buckets(snapshot.total_groups[i].duration, bounds);
    }
    out.push_back(std::move(checks));
    out.push_back(std::move(groups));
}

void add_counts(std::vector<MetricFamily>& out, const LoadCounts& counts) {
    MetricFamily iterations =
        counter("plimsoll_iterations_total", "Iterations of user flows that ran to their end.");
    add_counter(iterations, {}, counts.iterations_completed);
    MetricFamily dropped = counter("plimsoll_dropped_iterations_total",
                                   "Iterations that were due by the schedule and never started.");
    for (const NotSentReason reason : kNotSentReasons) {
        add_counter(dropped, {make_label("reason", to_string(reason))}, counts.not_sent(reason));
    }
    MetricFamily connects = counter("plimsoll_connects_total", "Connections tried to the target.");
    add_counter(connects, {make_label("result", "ok")}, counts.connects_ok);
    add_counter(connects, {make_label("result", "failed")}, counts.connects_failed);
    out.push_back(std::move(iterations));
    out.push_back(std::move(dropped));
    out.push_back(std::move(connects));
}

void add_users(std::vector<MetricFamily>& out, const ShardState& state) {
    out.push_back(gauge("plimsoll_in_flight_requests",
                        "Requests sent and not finished at the end of the last tick.",
                        state.in_flight));
    out.push_back(gauge("plimsoll_vus",
                        "Simulated users alive; with arrivals by schedule, the busy ones.",
                        state.users));
    out.push_back(gauge("plimsoll_vus_max", "Most simulated users allowed or prepared at once.",
                        state.users_max));
    out.push_back(gauge("plimsoll_connections_open", "Open connections to the target.",
                        state.connections_open));
}

/// Without an executor that schedules arrivals there is no offered rate: no series, not a zero.
MetricFamily offered_rate(const RunInfo& run, const Snapshot& snapshot) {
    MetricFamily out =
        gauge("plimsoll_offered_rate",
              "Iterations per second that the schedule asks for now, all open executors together.");
    const std::size_t known = std::min(run.executors.size(), snapshot.executors.size());
    double offered = 0;
    bool open = false;
    for (std::size_t i = 0; i < run.executors.size(); ++i) {
        open = open || run.executors[i].open;
        offered += run.executors[i].open && i < known ? snapshot.executors[i].offered : 0;
    }
    if (open) {
        offered = snapshot.last ? 0 : offered;  // it asks for nothing any more
        add_gauge(out, {}, offered);
    }
    return out;
}

MetricFamily stages(const RunInfo& run, const Snapshot& snapshot) {
    MetricFamily out = gauge("plimsoll_stage",
                             "1 for the stage that each executor is in, 0 for its other stages.");
    for (std::size_t i = 0; i < run.executors.size(); ++i) {
        for (std::size_t stage = 0; stage < run.executors[i].stages.size(); ++stage) {
            const bool now = i < snapshot.executors.size() && snapshot.executors[i].stage == stage;
            add_gauge(out,
                      {make_label("executor", run.executors[i].name),
                       make_label("stage", std::to_string(stage))},
                      now ? 1 : 0);
        }
    }
    return out;
}

void add_generator(std::vector<MetricFamily>& out, const Snapshot& snapshot) {
    MetricFamily cpu =
        gauge("plimsoll_generator_cpu_ratio",
              "CPU time of each load-generating thread over wall time in the last tick, 0-1.");
    for (std::size_t i = 0; i < snapshot.shards.size(); ++i) {
        add_gauge(cpu, {make_label("shard", std::to_string(i))}, snapshot.shards[i].cpu_ratio);
    }
    out.push_back(std::move(cpu));
    out.push_back(gauge("plimsoll_generator_loop_lag_seconds",
                        "Latest that a due timer ran in the last tick, worst shard.",
                        to_seconds(snapshot.state.loop_lag_max)));
    MetricFamily late = counter("plimsoll_generator_late_sends_total",
                                "Requests sent more than 1 ms after they were due.");
    add_counter(late, {}, snapshot.total_late_sends);
    out.push_back(std::move(late));
    // Where nobody looked there is no series, not a made-up number.
    MetricFamily sockets = gauge("plimsoll_generator_sockets_left",
                                 "Connections that could still be opened: the lower of file "
                                 "descriptors and local ports towards the target.");
    if (snapshot.state.sockets_left != ShardState::kSocketsUnknown) {
        add_gauge(sockets, {}, static_cast<double>(snapshot.state.sockets_left));
    }
    out.push_back(std::move(sockets));
}

/// A tag's key as a label's name: what it may not hold becomes "_", and one that is taken, or that
/// means something to Prometheus, is set off by "tag_".
std::string label_name(std::string_view key, const Labels& taken) {
    std::string name(key);
    std::replace_if(
        name.begin(), name.end(),
        [](unsigned char c) { return !(c < 0x80 && (std::isalnum(c) != 0 || c == '_')); }, '_');
    const auto is_taken = [&] {
        return name == "job" || name == "instance" || name == "le" || name == "quantile" ||
               std::any_of(taken.begin(), taken.end(),
                           [&](const auto& label) { return label.name == name; });
    };
    if (name.starts_with("__") || (name[0] >= '0' && name[0] <= '9') || is_taken()) {
        name = "tag_" + name;
    }
    while (is_taken()) {
        name += '_';
    }
    return name;
}

Labels run_labels(const RunInfo& run) {
    Labels labels{make_label("run", run.id), make_label("scenario", run.scenario_name),
                  make_label("version", run.version)};
    for (const std::string& tag : run.tags) {
        const std::size_t equals = tag.find('=');
        labels.push_back(make_label(label_name(tag.substr(0, equals), labels),
                                    tag.substr(std::min(equals + 1, tag.size()))));
    }
    return labels;
}

void add_exporters(std::vector<MetricFamily>& out, const ExporterCounts& exporters) {
    const auto add = [&](const char* name, const char* help, std::uint64_t Deliveries::*which) {
        MetricFamily one = counter(name, help);
        for (const auto& [exporter, counts] : exporters) {
            add_counter(one, {make_label("exporter", exporter)}, counts.*which);
        }
        out.push_back(std::move(one));
    };
    add("plimsoll_exporter_sent_total", "Records (spans, lines) that an exporter delivered.",
        &Deliveries::sent);
    add("plimsoll_exporter_retried_total", "Times that an exporter sent something again.",
        &Deliveries::retried);
    add("plimsoll_exporter_rejected_total",
        "Records (spans, lines) that the other side refused for good.", &Deliveries::rejected);
    add("plimsoll_exporter_dropped_total",
        "Records (spans, lines) that were lost on this side: no room, no answer, no time left.",
        &Deliveries::dropped);
}

MetricFamily run_info(const RunInfo& run) {
    MetricFamily out = gauge("plimsoll_run_info", "Which run this endpoint shows; always 1.");
    add_gauge(out, run_labels(run), 1);
    return out;
}

}  // namespace

std::span<const std::string_view> load_metric_names() {
    return kNames;
}

ClientMetric::Label make_label(std::string_view name, std::string_view value) {
    return {std::string(name), valid_utf8(value)};
}

std::vector<MetricFamily> load_metrics(const RunInfo& run, const Snapshot& snapshot,
                                       std::span<const Nanoseconds> bounds,
                                       const ExporterCounts& exporters) {
    std::vector<MetricFamily> out;
    out.reserve(kNames.size());
    out.push_back(run_info(run));
    out.push_back(requests(run, snapshot));
    out.push_back(histograms("plimsoll_response_seconds",
                             "Time from when a request was due by the schedule to its last byte.",
                             run, snapshot, &EndpointStats::response, bounds));
    out.push_back(histograms("plimsoll_service_seconds",
                             "Time from when a request was sent to its last byte.", run, snapshot,
                             &EndpointStats::service, bounds));
    out.push_back(histograms("plimsoll_send_lag_seconds",
                             "Time from when a request was due by the schedule to its sending.",
                             run, snapshot, &EndpointStats::send_lag, bounds));
    out.push_back(phases(snapshot, bounds));
    MetricFamily redirects =
        counter("plimsoll_redirects_total", "Redirects that were followed, within their request.");
    add_counter(redirects, {}, snapshot.total_counts.redirects);
    out.push_back(std::move(redirects));
    out.push_back(bytes(snapshot));
    add_counts(out, snapshot.total_counts);
    add_flow(out, snapshot.total_counts);
    add_checks_and_groups(out, run, snapshot, bounds);
    add_users(out, snapshot.state);
    out.push_back(offered_rate(run, snapshot));
    out.push_back(stages(run, snapshot));
    add_generator(out, snapshot);
    add_exporters(out, exporters);
    return out;
}

SeriesCount series_count(const RunInfo& run) {
    Snapshot start;
    start.total.resize(run.endpoints.size());
    start.total_checks.resize(run.checks.size());
    start.total_groups.resize(run.groups.size());
    start.shards.resize(run.shards);
    const auto bounds = bucket_bounds(run.thresholds);
    SeriesCount out{0, bounds.size() + 1};
    for (const MetricFamily& each : load_metrics(run, start, bounds, {})) {
        for (const ClientMetric& metric : each.metric) {
            constexpr std::size_t kSumAndCount = 2;
            out.series += each.type == prometheus::MetricType::Histogram
                              ? metric.histogram.bucket.size() + kSumAndCount
                              : 1;
        }
    }
    return out;
}

}  // namespace plimsoll
