// A run's metrics as OpenMetrics text with time stamps: what `promtool tsdb create-blocks-from`
// makes blocks of.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/metric_exporter.hpp"
#include "signal/prometheus_model.hpp"

#include <filesystem>
#include <memory>

namespace plimsoll {

struct OpenMetricsHistoryOptions {
    std::filesystem::path path;  // "-": stdout
    Nanoseconds step =
        std::chrono::seconds(1);   // between samples of a series; the end always is one
    PrometheusLabels labels = {};  // that each series gets beside its own
};

/// Writes the file `options.path`: every family once, with all its series' samples in order of
/// time, as the format asks
/// (https://prometheus.io/docs/specs/om/open_metrics_spec/#overall-structure). Histograms are
/// classic, with the buckets of a scrape. What `finish` writes is the file; before, it is in
/// unnamed files, one for each family.
///
/// A series that goes away (a gauge of a probe in a gap) has no samples meanwhile: the format knows
/// no end of a series, and who reads it sees the last value for as long as it looks back.
class OpenMetricsHistory final : public MetricExporter {
public:
    explicit OpenMetricsHistory(OpenMetricsHistoryOptions options);
    ~OpenMetricsHistory() override;

    void finish(Clock::time_point deadline) override;
    /// After `finish`: why the file is not whole.
    [[nodiscard]] Status written() const;
    [[nodiscard]] std::optional<Deliveries> deliveries() const override;

protected:
    /// Error: the file cannot be made.
    [[nodiscard]] Status open() override;
    void on_tick() override;
    void on_judged() override;

private:
    struct Families;
    void sample(Clock::time_point at);

    OpenMetricsHistoryOptions options_;
    std::unique_ptr<Families> families_;
    Clock::time_point sampled_at_ = Clock::time_point::min();
};

}  // namespace plimsoll
