#include "exporters/remote_write/write_encode.hpp"

#include <snappy-c.h>
#include <string_view>
#include <unordered_map>

#include <protozero/pbf_writer.hpp>

namespace plimsoll {
namespace {

using protozero::pbf_writer;

protozero::data_view view(std::string_view text) {
    return {text.data(), text.size()};
}

/// MetricMetadata.MetricType, the same numbers in both versions for these.
std::int32_t type_of(const WriteMetric& metric) {
    switch (metric.type) {
        case MetricType::Counter:
            return 1;
        case MetricType::Gauge:
            return 2;
        case MetricType::Histogram:
            return 3;
    }
    return 0;
}

void add_sample(pbf_writer& series, protozero::pbf_tag_type field, double value,
                std::int64_t at_ms) {
    pbf_writer sample(series, field);
    sample.add_double(1, value);
    sample.add_int64(2, at_ms);
}

/// Histogram: the same fields in both versions.
void add_histogram(pbf_writer& series, protozero::pbf_tag_type field,
                   const ExponentialCounts& counts, std::int64_t at_ms) {
    pbf_writer out(series, field);
    out.add_uint64(1, counts.count);
    out.add_double(3, counts.sum_s);
    out.add_sint32(4, ExponentialCounts::kSchema);
    out.add_double(5, ExponentialCounts::kZeroThreshold);
    out.add_uint64(6, counts.zero);
    // positive_spans: stretches of buckets without a gap, each by its distance from the one before.
    std::int32_t after = 0;  // the index behind the last span
    for (std::size_t i = 0; i < counts.buckets.size();) {
        std::size_t end = i + 1;
        while (end < counts.buckets.size() &&
               counts.buckets[end].index == counts.buckets[end - 1].index + 1) {
            ++end;
        }
        pbf_writer span(out, 11);
        span.add_sint32(1, counts.buckets[i].index - after);
        span.add_uint32(2, static_cast<std::uint32_t>(end - i));
        after = counts.buckets[end - 1].index + 1;
        i = end;
    }
    std::vector<std::int64_t> deltas;
    std::int64_t before = 0;
    for (const auto& bucket : counts.buckets) {
        const auto now = static_cast<std::int64_t>(bucket.count);
        deltas.push_back(now - before);
        before = now;
    }
    out.add_packed_sint64(12, deltas.begin(), deltas.end());
    out.add_int64(15, at_ms);
}

void add_label(pbf_writer& to, std::string_view name, std::string_view value) {
    pbf_writer label(to, 1);
    label.add_string(1, view(name));
    label.add_string(2, view(value));
}

/// The texts of one 2.0 request, each once.
class Symbols {
public:
    Symbols() { of(""); }  // the first one must be
    std::uint32_t of(std::string_view text) {
        const auto [at, fresh] = index_.emplace(text, static_cast<std::uint32_t>(texts_.size()));
        if (fresh) {
            texts_.push_back(text);
        }
        return at->second;
    }
    [[nodiscard]] const std::vector<std::string_view>& texts() const { return texts_; }

private:
    std::unordered_map<std::string_view, std::uint32_t> index_;
    std::vector<std::string_view> texts_;
};

void add_series_v2(pbf_writer& request, const WriteBatch& batch, const WritePoint& point,
                   Symbols& symbols) {
    constexpr std::string_view kTraceId = "trace_id";
    constexpr std::string_view kSpanId = "span_id";
    pbf_writer series(request, 5);
    std::vector<std::uint32_t> refs;
    for (const auto& [name, value] : point.series->labels) {
        refs.push_back(symbols.of(name));
        refs.push_back(symbols.of(value));
    }
    series.add_packed_uint32(1, refs.begin(), refs.end());
    if (point.native) {
        add_histogram(series, 3, *point.native, batch.at_ms);
    } else {
        add_sample(series, 2, point.value, batch.at_ms);
    }
    for (const WriteExemplar& each : point.exemplars) {
        const std::vector<std::uint32_t> labels{symbols.of(kSpanId), symbols.of(each.span_id),
                                                symbols.of(kTraceId), symbols.of(each.trace_id)};
        pbf_writer exemplar(series, 4);
        exemplar.add_packed_uint32(1, labels.begin(), labels.end());
        exemplar.add_double(2, each.value);
        exemplar.add_int64(3, each.at_ms);
    }
    {
        pbf_writer metadata(series, 5);
        metadata.add_enum(1, type_of(*point.series->metric));
        metadata.add_uint32(3, symbols.of(point.series->metric->help));
        metadata.add_uint32(4, symbols.of(point.series->metric->unit));
    }
    if (point.series->metric->type != MetricType::Gauge) {
        series.add_int64(6, batch.created_ms);
    }
}

}  // namespace

std::string encode_v1(const WriteBatch& batch) {
    std::string bytes;
    pbf_writer request(bytes);
    for (const WritePoint& point : batch.points) {
        pbf_writer series(request, 1);
        for (const auto& [name, value] : point.series->labels) {
            add_label(series, name, value);
        }
        if (!point.native) {
            add_sample(series, 2, point.value, batch.at_ms);
        }
        for (const WriteExemplar& each : point.exemplars) {
            pbf_writer exemplar(series, 3);
            add_label(exemplar, "span_id", each.span_id);
            add_label(exemplar, "trace_id", each.trace_id);
            exemplar.add_double(2, each.value);
            exemplar.add_int64(3, each.at_ms);
        }
        if (point.native) {
            add_histogram(series, 4, *point.native, batch.at_ms);
        }
    }
    for (const WriteMetricPtr& metric : batch.metrics) {
        pbf_writer metadata(request, 3);
        metadata.add_enum(1, type_of(*metric));
        metadata.add_string(2, view(metric->name));
        metadata.add_string(4, view(metric->help));
        metadata.add_string(5, view(metric->unit));
    }
    return bytes;
}

std::string encode_v2(const WriteBatch& batch) {
    Symbols symbols;
    std::string series;
    {
        pbf_writer request(series);
        for (const WritePoint& point : batch.points) {
            add_series_v2(request, batch, point, symbols);
        }
    }
    std::string bytes;
    pbf_writer request(bytes);
    for (const std::string_view text : symbols.texts()) {
        request.add_string(4, view(text));
    }
    return bytes + series;
}

std::string snappy_block(std::string_view bytes) {
    std::size_t size = snappy_max_compressed_length(bytes.size());
    std::string out(size, '\0');
    snappy_compress(bytes.data(), bytes.size(), out.data(), &size);
    out.resize(size);
    return out;
}

}  // namespace plimsoll
