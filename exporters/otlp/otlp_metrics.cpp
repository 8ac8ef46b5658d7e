#include "exporters/otlp/otlp_metrics.hpp"

#include "exporters/otlp/otlp_delivery.hpp"
#include "exporters/otlp/otlp_http.hpp"
#include "exporters/otlp/otlp_parts.hpp"
#include "record/exponential.hpp"
#include "signal/deliveries.hpp"
#include "signal/family_name.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace plimsoll {
namespace {

using otlp::add_of_scope;
using otlp::add_text;
using otlp::unix_nanos;
using otlp::view;
using protozero::pbf_writer;

constexpr std::int32_t kDelta = 1;
constexpr std::int32_t kCumulative = 2;

/// Of the data points of one family.
struct Stretch {
    std::uint64_t from;
    std::uint64_t to;
    const WallAnchor& start;
};

std::string unit_of(const MetricDescriptor& metric) {
    if (metric.unit == "seconds" || metric.name.ends_with("_seconds") ||
        metric.name.ends_with("_seconds_total")) {
        return "s";
    }
    if (metric.unit == "bytes" || metric.name.ends_with("_bytes") ||
        metric.name.ends_with("_bytes_total")) {
        return "By";
    }
    return metric.name.ends_with("_ratio") ? "1" : "";
}

void add_labels(pbf_writer& point, protozero::pbf_tag_type field, const MetricSeries& series) {
    for (const MetricLabel& label : series.labels) {
        add_text(point, field, label.name, label.value);
    }
}

void add_number(pbf_writer& points, const MetricSeries& series, const Stretch& stretch,
                bool counts) {
    pbf_writer point(points, 1);
    if (counts) {
        point.add_fixed64(2, stretch.from);
    }
    point.add_fixed64(3, stretch.to);
    point.add_double(4, series.value);
    add_labels(point, 7, series);
}

void add_exponential(pbf_writer& points, const MetricSeries& series, const Stretch& stretch) {
    const ExponentialCounts counts = exponential_counts(*series.times);
    pbf_writer point(points, 1);
    add_labels(point, 1, series);
    point.add_fixed64(2, stretch.from);
    point.add_fixed64(3, stretch.to);
    point.add_fixed64(4, counts.count);
    point.add_double(5, counts.sum_s);
    point.add_sint32(6, ExponentialCounts::kSchema);
    point.add_fixed64(7, counts.zero);
    if (!counts.buckets.empty()) {
        const std::int32_t first = counts.buckets.front().index;
        std::vector<std::uint64_t> dense(
            static_cast<std::size_t>(counts.buckets.back().index - first) + 1);
        for (const auto& bucket : counts.buckets) {
            dense[static_cast<std::size_t>(bucket.index - first)] = bucket.count;
        }
        pbf_writer positive(point, 8);
        positive.add_sint32(1, first - 1);  // its buckets are numbered by their lower bound
        positive.add_packed_uint64(2, dense.begin(), dense.end());
    }
    for (const MetricExemplar& each : series.exemplars) {
        pbf_writer exemplar(point, 11);
        exemplar.add_fixed64(2, unix_nanos(stretch.start, each.at));
        exemplar.add_double(3, to_seconds(each.value));
        exemplar.add_bytes(4, view(each.span_id));
        exemplar.add_bytes(5, view(each.trace_id));
    }
    if (counts.count > 0) {
        point.add_double(12, to_seconds(series.times->min()));
        point.add_double(13, to_seconds(series.times->max()));
    }
    point.add_double(14, ExponentialCounts::kZeroThreshold);
}

std::string encode_family(const MetricFamily& family, const Stretch& stretch, bool delta) {
    const MetricDescriptor& about = *family.metric;
    std::string bytes;
    pbf_writer metric(bytes);
    metric.add_string(1, family_name(about));
    metric.add_string(2, view(about.help));
    metric.add_string(3, unit_of(about));
    const std::int32_t temporality = delta && family.of_span ? kDelta : kCumulative;
    switch (about.type) {
        case MetricType::Gauge: {
            pbf_writer gauge(metric, 5);
            for (const MetricSeries& series : family.series) {
                add_number(gauge, series, stretch, false);
            }
            break;
        }
        case MetricType::Counter: {
            pbf_writer sum(metric, 7);
            for (const MetricSeries& series : family.series) {
                add_number(sum, series, stretch, true);
            }
            sum.add_enum(2, temporality);
            sum.add_bool(3, true);
            break;
        }
        case MetricType::Histogram: {
            pbf_writer histogram(metric, 10);
            for (const MetricSeries& series : family.series) {
                add_exponential(histogram, series, stretch);
            }
            histogram.add_enum(2, temporality);
            break;
        }
    }
    return bytes;
}

}  // namespace

OtlpPoints encode_points(const MetricFrame& frame, const WallAnchor& start, Clock::time_point from,
                         Clock::time_point to, bool delta) {
    OtlpPoints out;
    for (const MetricFamily& family : frame.families) {
        const bool since_start = !delta || !family.of_span;
        const Stretch stretch{unix_nanos(start, since_start ? start.mono : from),
                              unix_nanos(start, to), start};
        out.metrics.push_back(encode_family(family, stretch, delta));
        out.count += family.series.size();
    }
    return out;
}

std::string encode_metrics_request(const TraceOrigin& origin,
                                   const std::vector<std::string>& metrics) {
    std::string bytes;
    pbf_writer request(bytes);
    add_of_scope(request, origin, [&](pbf_writer& scope) {
        for (const std::string& metric : metrics) {
            scope.add_message(2, metric);
        }
    });
    return bytes;
}

OtlpMetricsExporter::OtlpMetricsExporter(OtlpOptions options, HttpTransport transport)
    : MetricExporter("otlp-metrics"),
      options_(std::move(options)),
      delivery_(delivery_options(options_, "data points"), std::move(transport), otlp_judge()) {
    options_.headers.clear();  // the delivery's
}

Status OtlpMetricsExporter::open() {
    origin_ = trace_origin(state()->run(), options_.resource);
    collected_at_ = state()->run().start.mono;
    return {};
}

void OtlpMetricsExporter::on_tick() {
    const bool due =
        sent_at_ == Clock::time_point::min() || ticked_at() - sent_at_ >= options_.interval;
    const bool last = state()->view().snapshot->last;
    if (options_.delta || due || last) {
        collect(ticked_at());
    }
    if (due || last) {
        sent_at_ = ticked_at();
        send();
    }
}

void OtlpMetricsExporter::on_judged() {
    // What comes after the last tick is no stretch of it: only what is of no stretch.
    MetricFrame frame = state()->frame();
    if (options_.delta) {
        std::erase_if(frame.families, [](const MetricFamily& each) {
            return each.of_span && each.metric->type != MetricType::Gauge;
        });
    }
    const OtlpPoints points =
        encode_points(frame, state()->run().start, collected_at_,
                      collected_at_ + std::chrono::milliseconds(1), options_.delta);
    waiting_ = points;
    send();
}

void OtlpMetricsExporter::collect(Clock::time_point at) {
    const MetricFrame frame =
        state()->frame(options_.delta ? MetricSpan::LastTick : MetricSpan::SinceStart);
    OtlpPoints points =
        encode_points(frame, state()->run().start, collected_at_, at, options_.delta);
    std::move(points.metrics.begin(), points.metrics.end(), std::back_inserter(waiting_.metrics));
    waiting_.count += points.count;
    collected_at_ = at;
}

void OtlpMetricsExporter::send() {
    const OtlpPoints points = std::exchange(waiting_, {});
    if (points.count == 0) {
        return;
    }
    delivery_.push(make_otlp_request(options_, encode_metrics_request(origin_, points.metrics)),
                   points.count);
}

void OtlpMetricsExporter::finish(Clock::time_point deadline) {
    send();
    delivery_.finish(deadline);
}

std::optional<Deliveries> OtlpMetricsExporter::deliveries() const {
    return deliveries_of(delivery_.counts(), "data points");
}

}  // namespace plimsoll
