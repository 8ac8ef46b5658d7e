// A run's metrics as OTLP. Field numbers: opentelemetry-proto, metrics/v1.
#pragma once

#include "exporters/otlp/otlp_encode.hpp"
#include "exporters/otlp/otlp_options.hpp"
#include "net/http_delivery.hpp"
#include "signal/metric_exporter.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

/// The metrics of one moment, encoded: Metric messages, and how many data points are in them.
struct OtlpPoints {
    std::vector<std::string> metrics;
    std::uint64_t count = 0;
};

/// Pure. `from` ... `to`: the stretch of counts and histograms that are of one (MetricFamily::
/// of_span); the others are since `start`, as all are where `delta` is false.
///
/// Names are the public ones but for a counter's "_total", units those of UCUM: what a Collector
/// makes of them for Prometheus has our public names again. Histograms are exponential, of scale 5,
/// with the exemplars of their traces.
[[nodiscard]] OtlpPoints encode_points(const MetricFrame& frame, const WallAnchor& start,
                                       Clock::time_point from, Clock::time_point to, bool delta);

/// An ExportMetricsServiceRequest.
[[nodiscard]] std::string encode_metrics_request(const TraceOrigin& origin,
                                                 const std::vector<std::string>& metrics);

/// Sends all metrics each `options.interval` and at the end; with `options.delta` those of each
/// tick, every interval. The name "otlp-metrics", counts in data points.
class OtlpMetricsExporter final : public MetricExporter {
public:
    OtlpMetricsExporter(OtlpOptions options, HttpTransport transport);

    [[nodiscard]] std::optional<Deliveries> deliveries() const override;
    void finish(Clock::time_point deadline) override;

protected:
    [[nodiscard]] Status open() override;
    void on_tick() override;
    void on_judged() override;

private:
    void collect(Clock::time_point at);
    void send();

    OtlpOptions options_;
    TraceOrigin origin_;
    OtlpPoints waiting_;
    Clock::time_point collected_at_;  // up to when counts are told of
    Clock::time_point sent_at_ = Clock::time_point::min();
    HttpDelivery delivery_;
};

}  // namespace plimsoll
