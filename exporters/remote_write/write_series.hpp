// A run's metrics as Prometheus' remote write has them: series by their labels, and points.
#pragma once

#include "record/exponential.hpp"
#include "signal/metric_set.hpp"
#include "signal/prometheus_model.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace plimsoll {

/// What a metric is, for those who ask for metadata.
struct WriteMetric {
    std::string name;  // of the family: of a histogram's series without _bucket, _count, _sum
    MetricType type = MetricType::Gauge;
    std::string help;
    std::string unit;
};
using WriteMetricPtr = std::shared_ptr<const WriteMetric>;

struct WriteSeries {
    PrometheusLabels labels;  // by name in byte order, __name__ among them
    WriteMetricPtr metric;
};

/// A request whose trace is kept.
struct WriteExemplar {
    double value = 0;
    std::int64_t at_ms = 0;
    std::string trace_id;  // in hex
    std::string span_id;
};

/// One series' sample, or histogram.
struct WritePoint {
    std::shared_ptr<const WriteSeries> series;
    double value = 0;
    std::shared_ptr<const ExponentialCounts> native;  // in place of `value`
    std::vector<WriteExemplar> exemplars;
};

/// The value that says that a series has ended: a NaN of its own (Prometheus, model/value).
[[nodiscard]] double stale_marker();

/// In which form histograms go out: at least one.
struct WriteForm {
    bool classic = true;
    bool native = false;
    std::vector<Nanoseconds> buckets = {};  // of classic ones, as bucket_bounds takes them
};

/// Makes points of frames, and knows which series there were. One thread.
class SeriesBook {
public:
    /// `more`: labels that each series gets beside its own.
    SeriesBook(const RunInfo& run, WriteForm form, PrometheusLabels more);

    /// All of `frame`'s, and a stale marker for each series that the frame before it had.
    [[nodiscard]] std::vector<WritePoint> points(const MetricFrame& frame);
    /// A stale marker for each series of the last frame.
    [[nodiscard]] std::vector<WritePoint> end();
    /// Of all that was seen.
    [[nodiscard]] const std::vector<WriteMetricPtr>& metrics() const { return metrics_; }

private:
    using SeriesPtr = std::shared_ptr<const WriteSeries>;
    struct Entry {
        std::vector<SeriesPtr> plain;  // of a histogram: buckets, count, sum
        SeriesPtr native;
        std::uint64_t seen = 0;  // number of the last frame that had it; 0: it ended
    };
    [[nodiscard]] WriteMetricPtr metric_of(const MetricDescriptor& metric);
    Entry& entry_of(const MetricSeries& series, const WriteMetricPtr& metric, std::size_t declared);
    [[nodiscard]] SeriesPtr make(const PrometheusLabels& labels, const std::string& suffix,
                                 const std::string& bound, const WriteMetricPtr& metric) const;
    void add_histogram(const MetricSeries& series, const Entry& entry,
                       std::vector<WritePoint>& out) const;
    [[nodiscard]] std::vector<WriteExemplar> exemplars_of(const MetricSeries& series) const;
    static void add_end(Entry& entry, std::vector<WritePoint>& out);

    WallAnchor anchor_;
    WriteForm form_;
    PrometheusLabels more_;
    std::vector<Nanoseconds> bounds_;
    std::vector<WriteMetricPtr> metrics_;
    std::unordered_map<std::string, WriteMetricPtr> metric_by_name_;
    std::unordered_map<std::string, Entry> entries_;  // by name and label values
    std::uint64_t frames_ = 0;
};

}  // namespace plimsoll
