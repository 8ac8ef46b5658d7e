// What the last snapshot, readings, gaps, verdict and counts said, for whoever looks.
#pragma once

#include "signal/metric_set.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace plimsoll {

/// Thread-safe: an exporter's thread stores, others look, and never wait for it for longer than
/// copying a few pointers takes.
class RunState {
public:
    /// Of the exporter called `owner`, whose own drops show where nobody tells of all exporters'.
    explicit RunState(std::string owner) : owner_(std::move(owner)) {}

    /// Before anything else, and once. Error: as MetricSet::make.
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes);

    void store(const SnapshotPtr& snapshot);
    /// Ends a gap of that probe.
    void store(std::size_t probe, const Reading& reading, const ProbeHealth& health);
    void store_gap(std::size_t probe, bool open, const ProbeHealth& health);
    void store_dropped(std::uint64_t total);
    void store(const VerdictPtr& verdict);
    void store(const ExporterCountsPtr& counts);
    /// The probes read no more: their gauges go, and they are not up, whatever still comes.
    void end_probes();

    [[nodiscard]] RunView view() const;
    [[nodiscard]] MetricFrame frame(MetricSpan span = MetricSpan::SinceStart) const {
        return metrics_->frame(view(), span);
    }
    [[nodiscard]] const RunInfo& run() const { return metrics_->run(); }

private:
    std::string owner_;
    std::optional<MetricSet> metrics_;
    mutable std::mutex mutex_;  // guards what follows
    RunView latest_;
    bool told_of_all_ = false;  // of all exporters' counts
    bool probes_over_ = false;
};

}  // namespace plimsoll
