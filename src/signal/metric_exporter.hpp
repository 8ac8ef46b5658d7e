// What every exporter of metrics does alike.
#pragma once

#include "signal/capabilities.hpp"
#include "signal/exporter.hpp"
#include "signal/run_state.hpp"

#include <memory>
#include <string>
#include <utility>

namespace plimsoll {

/// Keeps the latest of all that a run tells, so that what is left to do is to open something, and
/// to carry `state().frame()` away: after each tick, or when somebody asks. There is no metric that
/// an exporter has to know.
///
/// Threading: the Exporter calls, and with them `open`, `on_tick` and `close`, come from one
/// thread; `state` may be used from any, and by whoever holds it also after this object ended.
class MetricExporter : public Exporter,
                       public HearsVerdict,
                       public HearsDeliveries,
                       public HearsLoadEnd {
public:
    [[nodiscard]] std::string name() const final { return name_; }
    /// Error: what `open` says, or two probes' metrics contradict.
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) final;
    void on_snapshot(const SnapshotPtr& snapshot) final;
    void on_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health) final;
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) final;
    void on_event(const Event& /*event*/) override {}
    void on_dropped(std::uint64_t total) final;
    void on_verdict(const VerdictPtr& verdict) final;
    void on_deliveries(const ExporterCountsPtr& counts) final;
    void on_load_end() final;

protected:
    explicit MetricExporter(std::string name)
        : name_(std::move(name)), state_(std::make_shared<RunState>(name_)) {}

    /// Opens what the metrics go to. An Error ends the run before it starts.
    [[nodiscard]] virtual Status open() = 0;
    /// A tick is over: its figures are in the state. Where no load runs (RunInfo::has_load), a tick
    /// is over with the first reading that comes as long as a tick after the last one.
    virtual void on_tick() {}
    /// What the run came to is in the state, thresholds and findings: there comes no tick any more.
    virtual void on_judged() {}

    [[nodiscard]] const std::shared_ptr<RunState>& state() const { return state_; }
    /// When the latest tick was over; the run's start before the first.
    [[nodiscard]] Clock::time_point ticked_at() const { return ticked_at_; }

private:
    std::string name_;
    std::shared_ptr<RunState> state_;
    Clock::time_point ticked_at_;
};

}  // namespace plimsoll
