#include "exporters/influxdb/influx_lines.hpp"

#include "record/k6_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Tags = std::vector<std::pair<std::string_view, std::string_view>>;

/// With what means something in a tag, or in a measurement's name, escaped. A line break would end
/// the line, and a backslash at the end would take what follows.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ',' || c == '=' || c == ' ') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < ' ') {
            out += "\\ ";
        } else {
            out += c;
        }
    }
    if (out.ends_with('\\')) {
        out += '_';
    }
    return out;
}

class Writer {
public:
    Writer(InfluxLines& out, std::int64_t at_ms) : out_(out), at_ms_(at_ms) {}

    void line(std::string_view measurement, const Tags& tags, std::string_view fields) {
        out_.text += escaped(measurement);
        for (const auto& [name, value] : tags) {
            if (!value.empty()) {
                out_.text += fmt::format(",{}={}", escaped(name), escaped(value));
            }
        }
        out_.text += fmt::format(" {} {}\n", fields, at_ms_);
        ++out_.count;
    }
    /// InfluxDB has no field that is no number.
    void value(std::string_view measurement, const Tags& tags, double value) {
        if (std::isfinite(value)) {
            line(measurement, tags, fmt::format("value={}", value));
        }
    }
    void times(std::string_view measurement, const Tags& tags, const Histogram& times,
               double per_second, const char* more = "") {
        if (times.empty()) {
            return;
        }
        const auto in = [&](Nanoseconds time) { return to_seconds(time) * per_second; };
        line(measurement, tags,
             fmt::format(
                 "count={}i,sum={},min={},mean={},p50={},p90={},p95={},p99={},max={}{}",
                 times.count(), in(times.sum()), in(times.min()), in(times.mean()),
                 in(times.quantile(0.5)), in(times.quantile(0.9)), in(times.quantile(0.95)),
                 in(times.quantile(0.99)), in(times.max()),
                 *more == '\0' ? std::string() : fmt::format(",{}={}", more, in(times.mean()))));
    }

private:
    InfluxLines& out_;
    std::int64_t at_ms_;
};

Tags tags_of(const MetricSeries& series) {
    Tags out;
    for (const MetricLabel& label : series.labels) {
        out.emplace_back(label.name, label.value);
    }
    return out;
}

/// What k6's own output to InfluxDB has, a point a tick in place of one a request.
void add_k6(const Snapshot& now, const RunInfo& run, Writer& to) {
    constexpr double kMs = 1000;
    for (std::size_t i = 0; i < std::min(run.endpoints.size(), now.delta.size()); ++i) {
        const EndpointStats& stats = now.delta[i];
        if (stats.requests == 0) {
            continue;
        }
        const EndpointInfo& endpoint = run.endpoints[i];
        const Tags tags{
            {"method", endpoint.method}, {"name", endpoint.name}, {"user", endpoint.user}};
        to.value(k6::kRequests.name, tags, static_cast<double>(stats.requests));
        to.times(k6::kDuration.name, tags, stats.response, kMs, "value");
        to.value(k6::kFailed.name, tags,
                 static_cast<double>(stats.failed) / static_cast<double>(stats.requests));
        to.value(k6::kDataSent.name, tags, static_cast<double>(stats.bytes_sent));
        to.value(k6::kDataReceived.name, tags, static_cast<double>(stats.bytes_received));
    }
    to.value(k6::kIterations.name, {}, static_cast<double>(now.delta_counts.iterations_completed));
    to.value(k6::kVus.name, {}, now.state.users);
}

void add_family(const MetricFamily& family, Writer& to) {
    for (const MetricSeries& series : family.series) {
        if (series.times != nullptr) {
            to.times(family.metric->name, tags_of(series), *series.times, 1);
        } else {
            to.value(family.metric->name, tags_of(series), series.value);
        }
    }
}

}  // namespace

InfluxLines influx_lines(const MetricFrame& frame, const RunInfo& run, std::int64_t at_ms,
                         InfluxParts parts) {
    InfluxLines out;
    Writer to(out, at_ms);
    if (parts.metrics) {
        for (const MetricFamily& family : frame.families) {
            add_family(family, to);
        }
    }
    if (parts.k6 && run.has_load) {
        add_k6(*frame.snapshot, run, to);
    }
    return out;
}

}  // namespace plimsoll
