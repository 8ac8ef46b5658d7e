#include "exporters/json/json_points.hpp"

#include "base/utc.hpp"
#include "base/utf8.hpp"
#include "record/k6_metrics.hpp"

#include <set>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using Tags = std::vector<std::pair<std::string_view, std::string_view>>;

double in_ms(Nanoseconds time) {
    return static_cast<double>(time.count()) / 1e6;
}

std::string utc(WallClock::time_point at) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(at);
    const auto whole = std::chrono::floor<std::chrono::seconds>(ms);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc_parts(at), (ms - whole).count());
}

void add_line(const json::object& line, std::string& out) {
    out += json::serialize(line);
    out += '\n';
}

void add_metric(const K6Metric& row, std::string& out) {
    json::object data{{"name", row.name}, {"type", row.type}, {"contains", row.contains}};
    if (row.contains == "time") {
        data["unit"] = "ms";
    } else if (row.contains == "data") {
        data["unit"] = "byte";
    }
    add_line({{"type", "Metric"}, {"data", std::move(data)}, {"metric", row.name}}, out);
}

/// A count that k6 has no name for: it goes under its public one.
bool has_own_points(const LoadCount& count) {
    return !count.metric.empty() && !k6::has_name_for(count.metric);
}

/// Writes the points of one moment.
class Writer {
public:
    Writer(WallClock::time_point at,
           const std::vector<std::pair<std::string, std::string>>& run_tags, std::string& out)
        : time_(utc(at)), run_tags_(run_tags), out_(out) {}

    void value(std::string_view metric, const json::value& value, const Tags& tags = {}) {
        point(metric, {{"value", value}}, tags);
    }
    void count(const K6Metric& row, std::uint64_t count, const Tags& tags = {}) {
        if (count != 0) {
            value(row.name, count, tags);
        }
    }
    void rate(const K6Metric& row, std::uint64_t part, std::uint64_t all, const Tags& tags) {
        if (all != 0) {
            const double share = static_cast<double>(part) / static_cast<double>(all);
            point(row.name, {{"value", share}, {"count", all}}, tags);
        }
    }
    void times(const K6Metric& row, const Histogram& times, const Tags& tags = {}) {
        if (times.empty()) {
            return;
        }
        json::object figures{{"value", in_ms(times.mean())}, {"count", times.count()}};
        figures["min"] = in_ms(times.min());
        for (const auto& [name, q] : std::initializer_list<std::pair<const char*, double>>{
                 {"med", 0.5}, {"p(90)", 0.9}, {"p(95)", 0.95}, {"p(99)", 0.99}}) {
            figures[name] = in_ms(times.quantile(q));
        }
        figures["max"] = in_ms(times.max());
        point(row.name, std::move(figures), tags);
    }

private:
    void point(std::string_view metric, json::object figures, const Tags& tags) {
        json::object data{{"time", time_}};
        for (auto& [name, figure] : figures) {
            data[name] = std::move(figure);
        }
        json::object names;
        for (const auto& [name, text] : run_tags_) {
            names[name] = text;
        }
        for (const auto& [name, text] : tags) {
            names[name] = valid_utf8(text);
        }
        data["tags"] = std::move(names);
        add_line({{"type", "Point"}, {"data", std::move(data)}, {"metric", metric}}, out_);
    }

    std::string time_;
    const std::vector<std::pair<std::string, std::string>>& run_tags_;
    std::string& out_;
};

void add_endpoint(Writer& writer, const EndpointInfo& endpoint, const EndpointStats& stats) {
    const Tags tags{{"name", endpoint.name}, {"method", endpoint.method}, {"user", endpoint.user}};
    for (const StatusCount& each : stats.statuses) {
        const std::string status = std::to_string(each.status);
        Tags with_status = tags;
        with_status.emplace_back("status", status);
        with_status.emplace_back("outcome", to_string(each.outcome));
        writer.count(k6::kRequests, each.count, with_status);
    }
    writer.rate(k6::kFailed, stats.failed, stats.requests, tags);
    writer.times(k6::kDuration, stats.response, tags);
    writer.times(k6::kService, stats.service, tags);
    writer.times(k6::kBlocked, stats.send_lag, tags);
    writer.count(k6::kDataSent, stats.bytes_sent, tags);
    writer.count(k6::kDataReceived, stats.bytes_received, tags);
}

}  // namespace

JsonPoints::JsonPoints(const RunInfo& run, std::span<const ProbeInfo> probes)
    : anchor_(run.start),
      endpoints_(run.endpoints),
      checks_(run.checks),
      groups_(run.groups),
      probes_(probes.begin(), probes.end()) {
    for (const std::string& tag : run.tags) {
        const std::size_t equals = tag.find('=');
        tags_.emplace_back(valid_utf8(tag.substr(0, equals)), valid_utf8(tag.substr(equals + 1)));
    }
}

std::string JsonPoints::metrics() const {
    std::string out;
    for (const K6Metric& row : k6::kMetrics) {
        add_metric(row, out);
    }
    for (const K6Metric& row : k6::kPhases) {
        add_metric(row, out);
    }
    for (const LoadCount& count : kLoadCounts) {
        if (has_own_points(count)) {
            add_metric({count.metric, "counter", count.metric}, out);
        }
    }
    std::set<std::string_view> declared;  // several probes may be of one kind
    for (const ProbeInfo& probe : probes_) {
        for (const MetricDescriptor& each : probe.descriptors) {
            if (!declared.insert(each.name).second) {
                continue;
            }
            // A counter of ours is the sum so far, where k6's is what was added: so it is a gauge.
            add_metric({each.name, "gauge", each.name}, out);
        }
    }
    return out;
}

std::string JsonPoints::tick(const Snapshot& snapshot) const {
    std::string out;
    Writer writer(anchor_.to_wall(snapshot.to), tags_, out);
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (snapshot.delta[i].requests != 0) {
            add_endpoint(writer, endpoints_[i], snapshot.delta[i]);
        }
    }
    for (std::size_t i = 0; i < k6::kPhases.size(); ++i) {
        writer.times(k6::kPhases[i], snapshot.delta_phases.times[i]);
    }
    for (std::size_t i = 0; i < checks_.size(); ++i) {
        const CheckCount& check = snapshot.delta_checks[i];
        writer.rate(k6::kChecks, check.passed, check.passed + check.failed,
                    {{"check", checks_[i]}});
    }
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        writer.times(k6::kGroups, snapshot.delta_groups[i].duration, {{"group", groups_[i]}});
    }
    writer.count(k6::kIterations, snapshot.delta_counts.iterations_completed);
    for (const NotSentReason reason : kNotSentReasons) {
        writer.count(k6::kDropped, snapshot.delta_counts.not_sent(reason),
                     {{"reason", to_string(reason)}});
    }
    for (const LoadCount& count : kLoadCounts) {
        if (has_own_points(count)) {
            writer.count({count.metric, "counter", count.metric},
                         snapshot.delta_counts.*count.value);
        }
    }
    writer.value(k6::kVus.name, snapshot.state.users);
    writer.value(k6::kVusMax.name, snapshot.state.users_max);
    return out;
}

std::string JsonPoints::reading(std::size_t probe, const Reading& reading) const {
    std::string out;
    const ProbeInfo& info = probes_[probe];
    Writer writer(anchor_.to_wall(reading.at), tags_, out);
    for (const Value& each : reading.values) {
        const MetricDescriptor& metric = info.descriptors[each.metric];
        Tags tags{{"probe", info.name}};
        for (std::size_t i = 0; i < metric.labels.size(); ++i) {
            tags.emplace_back(metric.labels[i], each.labels[i]);
        }
        writer.value(metric.name, each.value, tags);
    }
    return out;
}

}  // namespace plimsoll
