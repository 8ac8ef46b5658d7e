// The seam to everything that carries a run's data elsewhere: Prometheus, OTLP, the run file.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/reading.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace plimsoll {

/// What an exporter must know of a probe before its first reading.
struct ProbeInfo {
    std::string name;
    std::vector<MetricDescriptor> descriptors;
    std::vector<std::pair<std::string, std::string>> facts;
};

/// How a probe has fared so far; sent along with each reading and each gap.
struct ProbeHealth {
    bool up = false;
    std::uint64_t readings = 0;
    std::uint64_t expected = 0;  // readings due so far
    std::uint64_t gaps = 0;
    Nanoseconds last_took{};
};

/// What became of what an exporter had to deliver, since the start.
struct Deliveries {
    std::string unit = "records";
    std::uint64_t sent = 0;       // and taken by the other side
    std::uint64_t retried = 0;    // times that something was sent again
    std::uint64_t rejected = 0;   // refused by the other side for good
    std::uint64_t dropped = 0;    // lost on this side: no room, no answer, no time left
    std::string last_error = {};  // for people; empty when all went well
    bool sent_away = false;       // to another program: of interest even where nothing was lost
};

/// Carries snapshots, readings and events out of the process. All calls come from one thread of the
/// exporter's own (see ExporterWorker), in order; a slow one delays nobody: the queue before it is
/// bounded and drops are counted.
class Exporter {
public:
    virtual ~Exporter() = default;
    /// "prometheus", "otlp", "run_file". The `exporter` label of its counters; nothing else goes by
    /// it: what an exporter can do beside this is in capabilities.hpp.
    [[nodiscard]] virtual std::string name() const = 0;
    /// Opens ports or files. An Error ends the run before it starts.
    [[nodiscard]] virtual Status start(const RunInfo& run, std::span<const ProbeInfo> probes) = 0;
    virtual void on_snapshot(const SnapshotPtr& snapshot) = 0;
    virtual void on_reading(std::size_t probe, const Reading& reading,
                            const ProbeHealth& health) = 0;
    /// A gap opened (`gap.open`) or closed.
    virtual void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) = 0;
    virtual void on_event(const Event& event) = 0;
    /// Records that the worker had to drop before this exporter saw them, since the start.
    virtual void on_dropped(std::uint64_t total) = 0;
    /// What it counts itself, for one that can tell what the other side took. From any thread, also
    /// after finish.
    [[nodiscard]] virtual std::optional<Deliveries> deliveries() const { return std::nullopt; }
    /// Flushes within `deadline`. Nothing comes after it.
    virtual void finish(Clock::time_point deadline) = 0;
};
using ExporterPtr = std::unique_ptr<Exporter>;

}  // namespace plimsoll
