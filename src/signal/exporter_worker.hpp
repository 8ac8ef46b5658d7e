// One exporter's thread and the bounded queue before it.
#pragma once

#include "base/result.hpp"
#include "signal/capabilities.hpp"
#include "signal/exporter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

/// Runs one Exporter on a thread of its own, so that a slow one delays nobody.
///
/// The pushes may come from any thread and never wait for the exporter: they hold a lock for the
/// time of one queue operation. When the queue is full, what comes is dropped and counted. Readings
/// leave a fifth of the queue to snapshots, gaps and events, of which there are few and which count
/// for more; the last snapshot of a run (`last`) is never dropped. The exporter hears of drops by
/// `on_dropped` before the next record.
///
/// A verdict or counts wait in the queue's order too, but take no room in it and are no records:
/// they are never dropped and never counted, and a newer one takes the place of one that still
/// waits.
///
/// All calls to the exporter, `start` and `finish` included, come from the worker's thread.
class ExporterWorker {
public:
    /// How many records wait at most: at 5 probes with 5 readings a second, over two minutes.
    static constexpr std::size_t kDefaultCapacity = 4096;

    explicit ExporterWorker(ExporterPtr exporter, std::size_t capacity = kDefaultCapacity);
    /// Finishes without patience, if `finish` was not called.
    ~ExporterWorker();
    ExporterWorker(const ExporterWorker&) = delete;
    ExporterWorker& operator=(const ExporterWorker&) = delete;

    /// Starts the thread and the exporter, and waits for the answer. After an Error, pushes are
    /// ignored and `finish` does nothing.
    [[nodiscard]] Status start(const RunInfo& run, std::vector<ProbeInfo> probes);

    void push_snapshot(SnapshotPtr snapshot);
    void push_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health);
    void push_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health);
    void push_event(const Event& event);
    /// For exporters that can hear it (capabilities.hpp); others hear nothing.
    void push_verdict(VerdictPtr verdict);
    void push_deliveries(ExporterCountsPtr counts);
    void push_load_end();

    /// `finish` without waiting for its end: several exporters that end by the same `deadline` each
    /// have all the time until then, whatever the others do with it.
    void begin_finish(Clock::time_point deadline);
    struct Finished {
        std::uint64_t delivered = 0;
        std::uint64_t dropped = 0;
        bool left_behind = false;  // the exporter did not come back: its thread is left to itself
    };
    /// Delivers what waits until `deadline` (after it, of the data, only the last snapshot; the
    /// rest counts as dropped), then calls Exporter::finish and ends the thread. Pushes that come
    /// later are ignored. An exporter that has not come back a second after `deadline` is left
    /// behind with all it owns, so that the end of a run never hangs on it.
    Finished finish(Clock::time_point deadline);

    /// Since the start.
    [[nodiscard]] std::uint64_t dropped() const;
    /// The exporter's own, or else the records that it was given; what the queue had no room for is
    /// in `dropped` either way. From any thread, until this object ends.
    [[nodiscard]] Deliveries deliveries() const;
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] bool hears_verdict() const noexcept { return hears_verdict_; }
    [[nodiscard]] bool hears_deliveries() const noexcept { return hears_deliveries_; }
    /// Null where the exporter serves nobody. Valid until this object ends.
    [[nodiscard]] const ServesReaders* readers() const noexcept { return readers_; }

private:
    struct State;  // shared with the thread, which may outlive this object
    std::string name_;
    std::shared_ptr<State> state_;
    bool hears_verdict_;
    bool hears_deliveries_;
    const ServesReaders* readers_;
};

}  // namespace plimsoll
