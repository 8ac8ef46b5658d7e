#include "exporters/remote_write/write_series.hpp"

#include "base/hex.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {}  // namespace

double stale_marker() {
    return std::bit_cast<double>(std::uint64_t{0x7ff0000000000002});
}

SeriesBook::SeriesBook(const RunInfo& run, WriteForm form, PrometheusLabels more)
    : anchor_(run.start),
      form_(std::move(form)),
      more_(std::move(more)),
      bounds_(bucket_bounds(run.thresholds, form_.buckets)) {}

std::vector<WritePoint> SeriesBook::points(const MetricFrame& frame) {
    ++frames_;
    std::vector<WritePoint> out;
    for (const MetricFamily& family : frame.families) {
        const WriteMetricPtr metric = metric_of(*family.metric);
        for (const MetricSeries& series : family.series) {
            Entry& entry = entry_of(series, metric, family.metric->labels.size());
            entry.seen = frames_;
            if (series.times != nullptr) {
                add_histogram(series, entry, out);
            } else {
                out.push_back({entry.plain.front(), series.value, nullptr, {}});
            }
        }
    }
    for (auto& [key, entry] : entries_) {
        if (entry.seen != 0 && entry.seen != frames_) {
            add_end(entry, out);
        }
    }
    return out;
}

std::vector<WritePoint> SeriesBook::end() {
    std::vector<WritePoint> out;
    for (auto& [key, entry] : entries_) {
        if (entry.seen != 0) {
            add_end(entry, out);
        }
    }
    return out;
}

void SeriesBook::add_end(Entry& entry, std::vector<WritePoint>& out) {
    static const auto ended = [] {
        auto none = std::make_shared<ExponentialCounts>();
        none->sum_s = stale_marker();
        return std::shared_ptr<const ExponentialCounts>(std::move(none));
    }();
    for (const SeriesPtr& series : entry.plain) {
        out.push_back({series, stale_marker(), nullptr, {}});
    }
    if (entry.native) {
        out.push_back({entry.native, 0, ended, {}});
    }
    entry.seen = 0;
}

WriteMetricPtr SeriesBook::metric_of(const MetricDescriptor& metric) {
    WriteMetricPtr& known = metric_by_name_[metric.name];
    if (!known) {
        known = std::make_shared<const WriteMetric>(
            WriteMetric{metric.name, metric.type, metric.help, metric.unit});
        metrics_.push_back(known);
    }
    return known;
}

SeriesBook::Entry& SeriesBook::entry_of(const MetricSeries& series, const WriteMetricPtr& metric,
                                        std::size_t declared) {
    std::string key = metric->name;
    for (const MetricLabel& label : series.labels) {
        // Names too: what stands behind those declared differs from series to series.
        key.append(1, '\xff').append(label.name).append(1, '\xfe').append(label.value);
    }
    Entry& entry = entries_[std::move(key)];
    if (!entry.plain.empty() || entry.native) {
        return entry;
    }
    const PrometheusLabels labels = prometheus_labels(series.labels, declared);
    if (metric->type != MetricType::Histogram) {
        entry.plain.push_back(make(labels, "", "", metric));
        return entry;
    }
    if (form_.classic) {
        for (const Nanoseconds bound : bounds_) {
            // As the text of a scrape has it, so that both are one series.
            entry.plain.push_back(
                make(labels, "_bucket", fmt::format("{}", to_seconds(bound)), metric));
        }
        entry.plain.push_back(make(labels, "_bucket", "+Inf", metric));
        entry.plain.push_back(make(labels, "_count", "", metric));
        entry.plain.push_back(make(labels, "_sum", "", metric));
    }
    if (form_.native) {
        entry.native = make(labels, "", "", metric);
    }
    return entry;
}

SeriesBook::SeriesPtr SeriesBook::make(const PrometheusLabels& labels, const std::string& suffix,
                                       const std::string& bound,
                                       const WriteMetricPtr& metric) const {
    auto series = std::make_shared<WriteSeries>();
    series->metric = metric;
    // An empty label is no label to Prometheus; the metric's own win over those of all series.
    const auto add = [&](const std::string& name, const std::string& value) {
        const bool taken = std::any_of(series->labels.begin(), series->labels.end(),
                                       [&](const auto& label) { return label.first == name; });
        if (!value.empty() && !taken) {
            series->labels.emplace_back(name, value);
        }
    };
    add("__name__", metric->name + suffix);
    add("le", bound);
    for (const auto& [name, value] : labels) {
        add(name, value);
    }
    for (const auto& [name, value] : more_) {
        add(name, value);
    }
    std::sort(series->labels.begin(), series->labels.end());
    return series;
}

void SeriesBook::add_histogram(const MetricSeries& series, const Entry& entry,
                               std::vector<WritePoint>& out) const {
    const Histogram& times = *series.times;
    std::vector<WriteExemplar> exemplars = exemplars_of(series);
    if (entry.native) {
        out.push_back({entry.native, 0,
                       std::make_shared<const ExponentialCounts>(exponential_counts(times)),
                       exemplars});
    }
    if (entry.plain.empty()) {
        return;
    }
    std::vector<std::uint64_t> counts(bounds_.size());
    times.counts_at_most(bounds_, counts);
    counts.push_back(times.count());  // +Inf
    const std::size_t first = out.size();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        out.push_back({entry.plain[i], static_cast<double>(counts[i]), nullptr, {}});
    }
    out.push_back({entry.plain[counts.size()], static_cast<double>(times.count()), nullptr, {}});
    out.push_back({entry.plain[counts.size() + 1], to_seconds(times.sum()), nullptr, {}});
    for (WriteExemplar& exemplar : exemplars) {
        const auto bucket = std::lower_bound(
            bounds_.begin(), bounds_.end(), exemplar.value,
            [](Nanoseconds bound, double value) { return to_seconds(bound) < value; });
        WritePoint& point = out[first + static_cast<std::size_t>(bucket - bounds_.begin())];
        point.exemplars.assign(1, std::move(exemplar));  // the latest
    }
}

std::vector<WriteExemplar> SeriesBook::exemplars_of(const MetricSeries& series) const {
    std::vector<WriteExemplar> out;
    for (const MetricExemplar& each : series.exemplars) {
        const auto wall = anchor_.to_wall(each.at).time_since_epoch();
        out.push_back({to_seconds(each.value),
                       std::chrono::floor<std::chrono::milliseconds>(wall).count(),
                       hex(std::as_bytes(std::span(each.trace_id))),
                       hex(std::as_bytes(std::span(each.span_id)))});
    }
    return out;
}

}  // namespace plimsoll
