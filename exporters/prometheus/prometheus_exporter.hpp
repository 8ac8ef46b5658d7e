// The pull endpoint: a run's metrics, live, for Prometheus.
#pragma once

#include "signal/metric_exporter.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

struct PrometheusOptions {
    std::string address = "127.0.0.1";  // numeric, or "localhost"
    std::uint16_t port = 9464;          // 0 takes a free one: see bound_port
    /// Of classic histograms, as bucket_bounds takes them.
    std::vector<Nanoseconds> buckets = {};
};

/// Serves `http://ADDRESS:PORT/metrics` from start to finish (or destruction). Keeps only the
/// latest of all that it hears, by reference where it can: every figure is computed from that when
/// somebody scrapes, so it can differ from no other output. After the last snapshot its figures
/// stay until finish, so that the last scrape sees the run's end: let some scrape intervals pass
/// first.
///
/// Threading: the Exporter calls come from one thread; scrapes run on two threads of the server's
/// own and never wait for them for longer than copying a few pointers takes.
class PrometheusExporter final : public MetricExporter, public ServesReaders {
public:
    explicit PrometheusExporter(PrometheusOptions options);
    ~PrometheusExporter() override;
    PrometheusExporter(const PrometheusExporter&) = delete;
    PrometheusExporter& operator=(const PrometheusExporter&) = delete;

    /// Closes the port.
    void finish(Clock::time_point deadline) override;

    /// "http://127.0.0.1:9464/metrics"
    [[nodiscard]] std::string url() const override { return url_; }
    [[nodiscard]] ScrapesByReader scrapes() const override;
    /// The port in use since start; 0 before.
    [[nodiscard]] std::uint16_t bound_port() const { return bound_port_; }

protected:
    /// Error: the port cannot be bound (in use, not ours).
    [[nodiscard]] Status open() override;

private:
    class Server;
    PrometheusOptions options_;
    std::unique_ptr<Server> server_;
    std::uint16_t bound_port_ = 0;
    std::string url_;
};

[[nodiscard]] std::unique_ptr<PrometheusExporter> make_prometheus_exporter(
    PrometheusOptions options);

}  // namespace plimsoll
