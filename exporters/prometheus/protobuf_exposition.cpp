#include "exporters/prometheus/protobuf_exposition.hpp"

#include "base/hex.hpp"
#include "record/exponential.hpp"
#include "signal/prometheus_model.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <protozero/pbf_writer.hpp>

namespace plimsoll {
namespace {

using protozero::pbf_writer;

// MetricType
constexpr std::int32_t kCounter = 0;
constexpr std::int32_t kGauge = 1;
constexpr std::int32_t kHistogram = 4;

void add_label(pbf_writer& to, std::string_view name, const std::string& value) {
    pbf_writer label(to, 1);
    label.add_string(1, name.data(), name.size());
    label.add_string(2, value);
}

/// A google.protobuf.Timestamp.
void add_time(pbf_writer& to, protozero::pbf_tag_type field, WallClock::time_point at) {
    const auto since = std::chrono::duration_cast<Nanoseconds>(at.time_since_epoch());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    pbf_writer time(to, field);
    time.add_int64(1, seconds.count());
    time.add_int32(2, static_cast<std::int32_t>((since - seconds).count()));
}

class Page {
public:
    Page(const RunInfo& run, std::span<const Nanoseconds> buckets)
        : anchor_(run.start), bounds_(bucket_bounds(run.thresholds, buckets)) {}

    [[nodiscard]] std::string family(const MetricFamily& family) const {
        const MetricDescriptor& about = *family.metric;
        std::string bytes;
        pbf_writer out(bytes);
        out.add_string(1, about.name);
        out.add_string(2, about.help);
        out.add_enum(3, about.type == MetricType::Histogram ? kHistogram
                        : about.type == MetricType::Counter ? kCounter
                                                            : kGauge);
        for (const MetricSeries& series : family.series) {
            pbf_writer metric(out, 4);
            for (const auto& [name, value] :
                 prometheus_labels(series.labels, about.labels.size())) {
                add_label(metric, name, value);
            }
            add_value(metric, about.type, series);
        }
        return bytes;
    }

private:
    void add_value(pbf_writer& metric, MetricType type, const MetricSeries& series) const {
        switch (type) {
            case MetricType::Gauge: {
                pbf_writer gauge(metric, 2);
                gauge.add_double(1, series.value);
                break;
            }
            case MetricType::Counter: {
                pbf_writer counter(metric, 3);
                counter.add_double(1, series.value);
                add_time(counter, 3, anchor_.wall);
                break;
            }
            case MetricType::Histogram: {
                pbf_writer histogram(metric, 7);
                add_histogram(histogram, series);
                break;
            }
        }
    }

    void add_exemplar(pbf_writer& to, protozero::pbf_tag_type field,
                      const MetricExemplar& each) const {
        pbf_writer exemplar(to, field);
        add_label(exemplar, "trace_id", hex(std::as_bytes(std::span(each.trace_id))));
        add_label(exemplar, "span_id", hex(std::as_bytes(std::span(each.span_id))));
        exemplar.add_double(2, to_seconds(each.value));
        add_time(exemplar, 3, anchor_.to_wall(each.at));
    }

    void add_classic(pbf_writer& out, const MetricSeries& series) const {
        std::vector<std::uint64_t> counts(bounds_.size());
        series.times->counts_at_most(bounds_, counts);
        counts.push_back(series.times->count());
        std::vector<const MetricExemplar*> exemplars(counts.size());
        for (const MetricExemplar& each : series.exemplars) {
            const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), each.value);
            exemplars[static_cast<std::size_t>(at - bounds_.begin())] = &each;
        }
        for (std::size_t i = 0; i < counts.size(); ++i) {
            pbf_writer bucket(out, 3);
            bucket.add_uint64(1, counts[i]);
            bucket.add_double(2, i < bounds_.size() ? to_seconds(bounds_[i])
                                                    : std::numeric_limits<double>::infinity());
            if (exemplars[i] != nullptr) {
                add_exemplar(bucket, 3, *exemplars[i]);
            }
        }
    }

    static void add_native(pbf_writer& out, const ExponentialCounts& counts) {
        out.add_sint32(5, ExponentialCounts::kSchema);
        out.add_double(6, ExponentialCounts::kZeroThreshold);
        out.add_uint64(7, counts.zero);
        std::int32_t after = 0;
        for (std::size_t i = 0; i < counts.buckets.size();) {
            std::size_t end = i + 1;
            while (end < counts.buckets.size() &&
                   counts.buckets[end].index == counts.buckets[end - 1].index + 1) {
                ++end;
            }
            pbf_writer span(out, 12);
            span.add_sint32(1, counts.buckets[i].index - after);
            span.add_uint32(2, static_cast<std::uint32_t>(end - i));
            after = counts.buckets[end - 1].index + 1;
            i = end;
        }
        std::int64_t before = 0;
        for (const auto& bucket : counts.buckets) {
            const auto now = static_cast<std::int64_t>(bucket.count);
            out.add_sint64(13, now - before);  // proto2: not packed
            before = now;
        }
        if (counts.buckets.empty()) {
            // Without a span nothing would tell an empty native histogram from a classic one.
            pbf_writer span(out, 12);
            span.add_sint32(1, 0);
            span.add_uint32(2, 0);
        }
    }

    void add_histogram(pbf_writer& out, const MetricSeries& series) const {
        const ExponentialCounts counts = exponential_counts(*series.times);
        out.add_uint64(1, counts.count);
        out.add_double(2, counts.sum_s);
        add_classic(out, series);
        add_native(out, counts);
        add_time(out, 15, anchor_.wall);
        for (const MetricExemplar& each : series.exemplars) {
            add_exemplar(out, 16, each);
        }
    }

    WallAnchor anchor_;
    std::vector<Nanoseconds> bounds_;
};

void append_length(std::string& out, std::size_t length) {
    for (; length >= 0x80; length >>= 7U) {
        out += static_cast<char>((length & 0x7FU) | 0x80U);
    }
    out += static_cast<char>(length);
}

}  // namespace

std::string protobuf_exposition(const MetricFrame& frame, const RunInfo& run,
                                std::span<const Nanoseconds> buckets) {
    const Page page(run, buckets);
    std::string out;
    for (const MetricFamily& family : frame.families) {
        const std::string bytes = page.family(family);
        append_length(out, bytes.size());
        out += bytes;
    }
    return out;
}

}  // namespace plimsoll
