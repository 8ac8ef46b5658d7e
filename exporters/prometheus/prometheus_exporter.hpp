// The pull endpoint: a run's metrics, live, for Prometheus.
#pragma once

#include "exporters/prometheus/run_verdict.hpp"
#include "exporters/prometheus/scrape_log.hpp"
#include "signal/exporter.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct PrometheusOptions {
    std::string address = "127.0.0.1";  // numeric, or "localhost"
    std::uint16_t port = 9464;          // 0 takes a free one: see bound_port
    /// By exporter name, for plimsoll_exporter_..._total. Called by scraping threads, so it must be
    /// thread-safe. When unset, only this exporter's own drops show.
    std::function<std::vector<std::pair<std::string, Deliveries>>()> exporters = {};
    /// False: no load runs, so its metrics (all of them zero) are left out.
    bool load = true;
    /// Asked once a scrape, by scraping threads, so it must be thread-safe. When unset, nothing is
    /// judged.
    std::function<RunVerdict()> verdict = {};
};

/// Serves `http://ADDRESS:PORT/metrics` from start to finish (or destruction). Keeps only the
/// latest snapshot and readings, by reference where it can: every figure is computed from them when
/// somebody scrapes, so it can differ from no other output. After the last snapshot its figures
/// stay until finish, so that the last scrape sees the run's end: let some scrape intervals pass
/// first.
///
/// Threading: the Exporter calls come from one thread; scrapes run on two threads of the server's
/// own and never wait for them for longer than copying a few pointers takes.
class PrometheusExporter final : public Exporter {
public:
    explicit PrometheusExporter(PrometheusOptions options);
    ~PrometheusExporter() override;
    PrometheusExporter(const PrometheusExporter&) = delete;
    PrometheusExporter& operator=(const PrometheusExporter&) = delete;

    [[nodiscard]] std::string name() const override { return "prometheus"; }
    /// Error: the port cannot be bound (in use, not ours), or two probes' metrics contradict.
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override;
    void on_snapshot(const SnapshotPtr& snapshot) override;
    void on_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health) override;
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) override;
    void on_event(const Event& event) override;
    void on_dropped(std::uint64_t total) override;
    /// The probes read no more: their gauges go, and plimsoll_probe_up is 0, however long the
    /// endpoint stays open. From any thread, after start.
    void end_probes();
    /// From any thread.
    [[nodiscard]] Scrapes scrapes() const;
    /// Closes the port.
    void finish(Clock::time_point deadline) override;

    /// The port in use since start; 0 before.
    [[nodiscard]] std::uint16_t bound_port() const { return bound_port_; }
    /// "http://127.0.0.1:9464/metrics"; empty before start.
    [[nodiscard]] const std::string& url() const { return url_; }

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
