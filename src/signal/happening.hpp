// What a run tells of in words: for annotations, logs and the like.
#pragma once

#include "signal/capabilities.hpp"
#include "signal/exporter.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Something that happened, at a point in time or over a stretch of it.
struct Happening {
    Clock::time_point at;
    std::optional<Clock::time_point> until = std::nullopt;
    /// run_started, run_ended, stage_changed, threshold_crossed, threshold_failed, fault_planted,
    /// probe_gap, note, stopped, alert_changed, fault_healed, breaking_point, finding, alert.
    /// Beside the kinds of events (EventKind).
    std::string_view kind;
    std::string text;
    enum class Severity { Info, Warning, Error } severity = Severity::Info;
    std::vector<std::pair<std::string, std::string>> attributes = {};  // cause, probe ...
};

/// Makes happenings of all that an exporter hears in words: the run's start and end, events, gaps
/// of probes once they are over (or at the end), and what the run came to.
///
/// Threading: as Exporter; `tell` is called from the same thread.
class HappeningExporter : public Exporter, public HearsVerdict, public HearsLoadEnd {
public:
    [[nodiscard]] std::string name() const final { return name_; }
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) final;
    void on_snapshot(const SnapshotPtr& snapshot) final;
    void on_reading(std::size_t /*probe*/, const Reading& /*reading*/,
                    const ProbeHealth& /*health*/) final {}
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) final;
    void on_event(const Event& event) final;
    void on_dropped(std::uint64_t /*total*/) final {}
    void on_load_end() final;
    void on_verdict(const VerdictPtr& verdict) final;

protected:
    explicit HappeningExporter(std::string name) : name_(std::move(name)) {}

    /// Before the first `tell`. An Error ends the run before it starts.
    [[nodiscard]] virtual Status open() = 0;
    virtual void tell(const Happening& happening) = 0;
    [[nodiscard]] const RunInfo& run() const { return run_; }

private:
    std::string name_;
    RunInfo run_;
    std::vector<std::optional<Gap>> gaps_;  // open ones, by probe
    Clock::time_point ended_at_;            // of the latest tick
};

}  // namespace plimsoll
