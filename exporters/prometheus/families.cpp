#include "exporters/prometheus/families.hpp"

#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/series_count.hpp"

#include <utility>

namespace plimsoll {
namespace {

using prometheus::ClientMetric;
using Labels = std::vector<ClientMetric::Label>;

Labels labels_of(MetricSeries& series, std::size_t declared) {
    Labels out;
    out.reserve(series.labels.size());
    for (auto& [name, value] : prometheus_labels(std::move(series.labels), declared)) {
        out.push_back({std::move(name), std::move(value)});
    }
    return out;
}

prometheus::MetricType type_of(MetricType type) {
    switch (type) {
        case MetricType::Counter:
            return prometheus::MetricType::Counter;
        case MetricType::Histogram:
            return prometheus::MetricType::Histogram;
        case MetricType::Gauge:
            break;
    }
    return prometheus::MetricType::Gauge;
}

ClientMetric metric_of(MetricSeries& series, const MetricDescriptor& about,
                       std::span<const Nanoseconds> bounds) {
    ClientMetric out;
    out.label = labels_of(series, about.labels.size());
    switch (about.type) {
        case MetricType::Counter:
            out.counter.value = series.value;
            break;
        case MetricType::Histogram:
            out.histogram = classic_buckets(*series.times, bounds);
            break;
        case MetricType::Gauge:
            out.gauge.value = series.value;
            break;
    }
    return out;
}

}  // namespace

std::vector<prometheus::MetricFamily> prometheus_families(MetricFrame frame,
                                                          std::span<const Nanoseconds> bounds) {
    std::vector<prometheus::MetricFamily> out;
    out.reserve(frame.families.size());
    for (MetricFamily& family : frame.families) {
        const MetricDescriptor& about = *family.metric;
        prometheus::MetricFamily& to = out.emplace_back(
            prometheus::MetricFamily{about.name, about.help, type_of(about.type), {}});
        to.metric.reserve(family.series.size());
        for (MetricSeries& series : family.series) {
            to.metric.push_back(metric_of(series, about, bounds));
        }
    }
    return out;
}

SeriesCount series_count(const RunInfo& run, std::span<const Nanoseconds> buckets) {
    auto start = std::make_shared<Snapshot>(*nothing_yet(run));
    start->total_checks.resize(run.checks.size());
    start->total_groups.resize(run.groups.size());
    const auto metrics = MetricSet::make(run, {});
    SeriesCount out{0, bucket_bounds(run.thresholds, buckets).size() + 1};
    if (!metrics) {  // it refuses nothing but probes
        return out;
    }
    const MetricFrame frame = metrics->frame({start, {}, nullptr, nullptr});
    for (const MetricFamily& family : frame.families) {
        constexpr std::size_t kSumAndCount = 2;
        const bool histogram = family.metric->type == MetricType::Histogram;
        out.series += family.series.size() * (histogram ? out.buckets + kSumAndCount : 1);
    }
    return out;
}

}  // namespace plimsoll
