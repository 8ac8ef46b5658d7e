// A run's metrics to InfluxDB over HTTP, version 1 or 2.
#pragma once

#include "exporters/influxdb/influx_lines.hpp"
#include "net/http_delivery.hpp"
#include "signal/metric_exporter.hpp"

#include <memory>
#include <string>

namespace plimsoll {

struct InfluxOptions {
    HttpAccess access;     // InfluxDB itself; what its path has is kept
    std::string database;  // version 1; or
    std::string bucket;    // version 2, with organization
    std::string organization;
    Nanoseconds interval = std::chrono::seconds(1);  // between two points of a series
    Nanoseconds timeout = std::chrono::seconds(10);
    Nanoseconds first_wait = std::chrono::seconds(1);
    Nanoseconds give_up_after = std::chrono::seconds(60);
    std::uint64_t most_waiting = 500'000;  // lines; beyond, the oldest are dropped
};

/// Where lines are posted: "/write?db=..." or "/api/v2/write?org=...", with precision=ms.
[[nodiscard]] std::string influx_target(const InfluxOptions& options);

/// Sends all metrics of each `interval`, and at the end. Counts in lines.
class InfluxExporter final : public MetricExporter {
public:
    /// Error: a certificate or key cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<InfluxExporter>> make(InfluxOptions options);

    [[nodiscard]] std::optional<Deliveries> deliveries() const override;
    void finish(Clock::time_point deadline) override;

protected:
    [[nodiscard]] Status open() override { return {}; }
    void on_tick() override;
    void on_judged() override;

private:
    InfluxExporter(InfluxOptions options, HttpTransport transport);
    void send(Clock::time_point at, InfluxParts parts);

    InfluxOptions options_;
    std::string target_;
    Clock::time_point sent_at_ = Clock::time_point::min();
    HttpDelivery delivery_;
};

}  // namespace plimsoll
