// What was sent, and what came of it.
#include "signal/metric_table.hpp"

#include <algorithm>
#include <cassert>

namespace plimsoll {
namespace {

/// Calls `each` with every endpoint's labels and figures.
template <typename Each>
void for_endpoints(const Look& look, Each&& each) {
    const std::size_t known = std::min(look.run.endpoints.size(), look.endpoints.size());
    for (std::size_t i = 0; i < known; ++i) {
        each(look.run.endpoints[i], look.endpoints[i]);
    }
}

void requests(const Look& look, SeriesWriter& to) {
    for_endpoints(look, [&](const EndpointInfo& endpoint, const EndpointStats& stats) {
        for (const StatusCount& entry : stats.statuses) {
            const std::string status = entry.status == 0 ? "" : std::to_string(entry.status);
            to.count(
                {endpoint.user, endpoint.name, endpoint.method, to_string(entry.outcome), status},
                entry.count);
        }
    });
}

template <Histogram EndpointStats::*kWhich>
void times_of_endpoints(const Look& look, SeriesWriter& to) {
    for_endpoints(look, [&](const EndpointInfo& endpoint, const EndpointStats& stats) {
        to.times({endpoint.user, endpoint.name, endpoint.method}, stats.*kWhich);
    });
}

/// The last tick's traces, by endpoint: those of its requests that ended last.
template <Clock::time_point RequestSpan::*kFrom>
std::vector<std::vector<MetricExemplar>> exemplars_since(const Look& look) {
    constexpr std::size_t kMost = 16;
    std::vector<std::vector<MetricExemplar>> out(look.run.endpoints.size());
    for (const IterationTrace& trace : look.now.traces) {
        for (const RequestSpan& request : trace.requests) {
            if (request.endpoint < out.size()) {
                out[request.endpoint].push_back({request.completed - request.*kFrom,
                                                 request.completed, trace.trace_id,
                                                 request.span_id});
            }
        }
    }
    for (auto& each : out) {
        std::sort(each.begin(), each.end(),
                  [](const auto& a, const auto& b) { return a.at < b.at; });
        if (each.size() > kMost) {
            each.erase(each.begin(), each.end() - kMost);
        }
    }
    return out;
}

template <Histogram EndpointStats::*kWhich, Clock::time_point RequestSpan::*kFrom>
void traced_times(const Look& look, SeriesWriter& to) {
    const auto exemplars = exemplars_since<kFrom>(look);
    std::size_t endpoint = 0;
    for_endpoints(look, [&](const EndpointInfo& info, const EndpointStats& stats) {
        to.times({info.user, info.name, info.method}, stats.*kWhich);
        for (const MetricExemplar& exemplar : exemplars[endpoint]) {
            to.add_exemplar(exemplar);
        }
        ++endpoint;
    });
}

void phases(const Look& look, SeriesWriter& to) {
    auto blocked = std::make_unique<Histogram>();
    for (const EndpointStats& stats : look.endpoints) {
        blocked->merge(stats.send_lag);
    }
    to.times({"blocked"}, std::move(blocked));
    for (std::size_t i = 0; i < kRequestPhaseCount; ++i) {
        to.times({kRequestPhaseNames[i]}, look.phases.times[i]);
    }
}

void bytes(const Look& look, SeriesWriter& to) {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    for (const EndpointStats& stats : look.endpoints) {
        sent += stats.bytes_sent;
        received += stats.bytes_received;
    }
    to.count({"sent"}, sent);
    to.count({"received"}, received);
}

void dropped_iterations(const Look& look, SeriesWriter& to) {
    for (const NotSentReason reason : kNotSentReasons) {
        to.count({to_string(reason)}, look.counts.not_sent(reason));
    }
}

void connects(const Look& look, SeriesWriter& to) {
    to.count({"ok"}, look.counts.connects_ok);
    to.count({"failed"}, look.counts.connects_failed);
}

void checks(const Look& look, SeriesWriter& to) {
    for (std::size_t i = 0; i < std::min(look.run.checks.size(), look.checks.size()); ++i) {
        to.count({look.run.checks[i], "pass"}, look.checks[i].passed);
        to.count({look.run.checks[i], "fail"}, look.checks[i].failed);
    }
}

void groups(const Look& look, SeriesWriter& to) {
    for (std::size_t i = 0; i < std::min(look.run.groups.size(), look.groups.size()); ++i) {
        to.times({look.run.groups[i]}, look.groups[i].duration);
    }
}

MetricRow row_of(const LoadCount& count) {
    return {{std::string(count.metric),
             MetricType::Counter,
             std::string(count.help),
             {},
             std::string(count.unit)},
            MetricPlace::Load,
            nullptr,
            count.value};
}

/// The row of one plain count.
MetricRow row_of(std::uint64_t LoadCounts::*count) {
    const auto* const found =
        std::find_if(kLoadCounts.begin(), kLoadCounts.end(),
                     [&](const LoadCount& each) { return each.value == count; });
    assert(found != kLoadCounts.end());
    return row_of(*found);
}

}  // namespace

std::vector<MetricRow> request_metrics() {
    using enum MetricType;
    const std::vector<std::string> endpoint{"user", "endpoint", "method"};
    std::vector<MetricRow> rows{
        {{"plimsoll_requests_total",
          Counter,
          "Finished requests by what they came to. status is empty where no HTTP header came.",
          {"user", "endpoint", "method", "outcome", "status"},
          "requests"},
         MetricPlace::Load,
         requests},
        {{"plimsoll_response_seconds", Histogram,
          "Time from when a request was due by the schedule to its last byte.", endpoint,
          "seconds"},
         MetricPlace::Load,
         traced_times<&EndpointStats::response, &RequestSpan::due>},
        {{"plimsoll_service_seconds", Histogram,
          "Time from when a request was sent to its last byte.", endpoint, "seconds"},
         MetricPlace::Load,
         traced_times<&EndpointStats::service, &RequestSpan::sent>},
        {{"plimsoll_send_lag_seconds", Histogram,
          "Time from when a request was due by the schedule to its sending.", endpoint, "seconds"},
         MetricPlace::Load,
         times_of_endpoints<&EndpointStats::send_lag>},
        {{"plimsoll_phase_seconds",
          Histogram,
          "Parts of a request's time; blocked is due by the schedule to sent.",
          {"phase"},
          "seconds"},
         MetricPlace::Load,
         phases},
        row_of(&LoadCounts::redirects),
        {{"plimsoll_bytes_total",
          Counter,
          "Bytes of finished requests, headers included.",
          {"direction"},
          "bytes"},
         MetricPlace::Load,
         bytes},
        row_of(&LoadCounts::iterations_completed),
        {{"plimsoll_dropped_iterations_total",
          Counter,
          "Iterations that were due by the schedule and never started.",
          {"reason"},
          "iterations"},
         MetricPlace::Load,
         dropped_iterations},
        {{"plimsoll_connects_total",
          Counter,
          "Connections tried to the target.",
          {"result"},
          "connections"},
         MetricPlace::Load,
         connects},
    };
    for (const LoadCount& count : kLoadCounts) {
        const bool stands = std::any_of(rows.begin(), rows.end(), [&](const MetricRow& row) {
            return row.count == count.value;
        });
        if (!count.metric.empty() && !stands) {
            rows.push_back(row_of(count));
        }
    }
    rows.push_back({{"plimsoll_checks_total",
                     Counter,
                     "Checks on responses, by whether they held.",
                     {"check", "result"},
                     "checks"},
                    MetricPlace::Load,
                    checks});
    rows.push_back({{"plimsoll_group_seconds",
                     Histogram,
                     "Time from when a group's first step was due to its last one's end.",
                     {"group"},
                     "seconds"},
                    MetricPlace::Load,
                    groups});
    return rows;
}

}  // namespace plimsoll
