// Series as lines of OpenMetrics text.
// https://prometheus.io/docs/specs/om/open_metrics_spec/
#pragma once

#include "base/clock.hpp"
#include "signal/prometheus_model.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {

/// Writes metrics of one run: with time stamps, or as of now. Histograms are classic, with the
/// buckets of a scrape, and the exemplars of their traces.
class OpenMetricsLines {
public:
    /// `buckets`: as bucket_bounds takes them.
    explicit OpenMetricsLines(const RunInfo& run, std::span<const Nanoseconds> buckets = {});

    /// The lines TYPE, UNIT and HELP of a family. A counter's name is without "_total".
    [[nodiscard]] static std::string head(const MetricDescriptor& metric);
    /// Appends one series' lines and says how many. `more`: labels beside its own; `time`: its time
    /// stamp, empty for none.
    std::uint64_t add(const MetricSeries& series, const MetricDescriptor& metric,
                      const PrometheusLabels& more, const std::string& time,
                      std::string& out) const;

private:
    std::uint64_t add_histogram(const MetricSeries& series, const std::string& name,
                                const std::string& labels, const std::string& time,
                                std::string& out) const;
    [[nodiscard]] std::vector<std::string> exemplars_of(const MetricSeries& series) const;

    WallAnchor anchor_;
    std::vector<Nanoseconds> bounds_;
    std::vector<std::string> bound_labels_;  // le="0.25", and last le="+Inf"
};

/// All of `frame` as one page.
[[nodiscard]] std::string openmetrics_text(const MetricFrame& frame, const RunInfo& run,
                                           std::span<const Nanoseconds> buckets = {});

}  // namespace plimsoll
