// What the last snapshot, readings and gaps said: all that a scrape needs.
#pragma once

#include "signal/exporter.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace plimsoll {

/// How one probe stands.
struct ProbeView {
    std::shared_ptr<const Reading> reading;  // the latest; null before the first
    ProbeHealth health;
    bool in_gap = false;  // the reading is out of date: nothing newer could be had
};

/// One consistent look at everything. Shares the snapshot and the readings, copies none.
struct MetricsView {
    SnapshotPtr snapshot;  // never null: all zero before the first
    std::vector<ProbeView> probes;
    std::uint64_t dropped = 0;
    bool probes_over = false;  // they read no more
};

/// Thread-safe: the exporter's thread stores, scraping threads look.
class MetricsState {
public:
    /// `run` and `probes` stay as they are from here on; call before the first scrape.
    void start(const RunInfo& run, std::span<const ProbeInfo> probes);

    void store(const SnapshotPtr& snapshot);
    /// Ends a gap of that probe.
    void store(std::size_t probe, const Reading& reading, const ProbeHealth& health);
    void store_gap(std::size_t probe, bool open, const ProbeHealth& health);
    void store_dropped(std::uint64_t total);
    void end_probes();

    [[nodiscard]] MetricsView view() const;
    [[nodiscard]] const RunInfo& run() const { return run_; }
    [[nodiscard]] const std::vector<ProbeInfo>& probes() const { return probes_; }

private:
    RunInfo run_;
    std::vector<ProbeInfo> probes_;
    mutable std::mutex mutex_;
    MetricsView latest_;  // under mutex_
};

}  // namespace plimsoll
