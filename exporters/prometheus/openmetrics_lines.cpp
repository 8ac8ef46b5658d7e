#include "exporters/prometheus/openmetrics_lines.hpp"

#include "base/hex.hpp"
#include "signal/family_name.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::string_view kTotal = "_total";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
        } else {
            if (c == '\\' || c == '"') {
                out += '\\';
            }
            out += c;
        }
    }
    return out;
}

std::string number(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    return fmt::format("{}", value);
}

std::string in_braces(const std::string& labels, const std::string& more) {
    if (labels.empty() && more.empty()) {
        return {};
    }
    return "{" + labels + (labels.empty() || more.empty() ? "" : ",") + more + "}";
}

}  // namespace

OpenMetricsLines::OpenMetricsLines(const RunInfo& run, std::span<const Nanoseconds> buckets)
    : anchor_(run.start), bounds_(bucket_bounds(run.thresholds, buckets)) {
    for (const Nanoseconds bound : bounds_) {
        // As the other text format has it, so that both are one series.
        bound_labels_.push_back(fmt::format("le=\"{}\"", to_seconds(bound)));
    }
    bound_labels_.emplace_back("le=\"+Inf\"");
}

std::string OpenMetricsLines::head(const MetricDescriptor& metric) {
    const std::string name = family_name(metric);
    const std::string_view type = metric.type == MetricType::Histogram ? "histogram"
                                  : metric.type == MetricType::Counter ? "counter"
                                                                       : "gauge";
    std::string out = fmt::format("# TYPE {} {}\n", name, type);
    if (!metric.unit.empty() && name.ends_with("_" + metric.unit)) {
        out += fmt::format("# UNIT {} {}\n", name, metric.unit);
    }
    return out + fmt::format("# HELP {} {}\n", name, escaped(metric.help));
}

std::uint64_t OpenMetricsLines::add(const MetricSeries& series, const MetricDescriptor& metric,
                                    const PrometheusLabels& more, const std::string& time,
                                    std::string& out) const {
    std::string labels;
    const auto append = [&](const std::string& name, std::string_view value) {
        labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", name, escaped(value));
    };
    for (const auto& [name, value] : prometheus_labels(series.labels, metric.labels.size())) {
        append(name, value);
    }
    for (const auto& [name, value] : more) {
        append(name, value);
    }
    const std::string stamp = time.empty() ? "" : " " + time;
    if (series.times != nullptr) {
        return add_histogram(series, metric.name, labels, stamp, out);
    }
    out += metric.name + in_braces(labels, {}) + " " + number(series.value) + stamp + "\n";
    return 1;
}

std::uint64_t OpenMetricsLines::add_histogram(const MetricSeries& series, const std::string& name,
                                              const std::string& labels, const std::string& stamp,
                                              std::string& out) const {
    std::vector<std::uint64_t> counts(bounds_.size());
    series.times->counts_at_most(bounds_, counts);
    counts.push_back(series.times->count());
    const std::vector<std::string> exemplars = exemplars_of(series);
    const std::string begin = name + "_bucket{" + labels + (labels.empty() ? "" : ",");
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const fmt::format_int count(counts[i]);
        out.append(begin).append(bound_labels_[i]).append("} ");
        out.append(count.data(), count.size()).append(stamp).append(exemplars[i]).append("\n");
    }
    const std::string braces = in_braces(labels, {});
    out += name + "_count" + braces + " " + std::to_string(series.times->count()) + stamp + "\n";
    out += name + "_sum" + braces + " " + number(to_seconds(series.times->sum())) + stamp + "\n";
    return counts.size() + 2;
}

/// By bucket; empty where it has none, else the latest.
std::vector<std::string> OpenMetricsLines::exemplars_of(const MetricSeries& series) const {
    std::vector<std::string> out(bound_labels_.size());
    for (const MetricExemplar& each : series.exemplars) {
        const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), each.value);
        const auto wall = anchor_.to_wall(each.at).time_since_epoch();
        const auto ms = std::chrono::floor<std::chrono::milliseconds>(wall).count();
        out[static_cast<std::size_t>(bucket - bounds_.begin())] =
            fmt::format(" # {{trace_id=\"{}\",span_id=\"{}\"}} {} {}.{:03}",
                        hex(std::as_bytes(std::span(each.trace_id))),
                        hex(std::as_bytes(std::span(each.span_id))), to_seconds(each.value),
                        ms / 1000, ms % 1000);
    }
    return out;
}

std::string openmetrics_text(const MetricFrame& frame, const RunInfo& run,
                             std::span<const Nanoseconds> buckets) {
    const OpenMetricsLines lines(run, buckets);
    std::string out;
    for (const MetricFamily& family : frame.families) {
        out += OpenMetricsLines::head(*family.metric);
        for (const MetricSeries& series : family.series) {
            lines.add(series, *family.metric, {}, {}, out);
        }
    }
    return out + "# EOF\n";
}

}  // namespace plimsoll
