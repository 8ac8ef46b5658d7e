// The seam to everything that looks at the target from the side.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/reading.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {

/// Reads one side signal (database, container, kernel) on a fixed cadence.
/// Threading: `start` and `finish` each on a thread of their own, in between only one probe thread
/// calls; never a shard.
class Probe {
public:
    virtual ~Probe() = default;
    /// Unique within a run, e.g. "postgres", "process:lab". The `probe` label of its metrics.
    [[nodiscard]] virtual std::string name() const = 0;
    /// Fixed from construction on.
    [[nodiscard]] virtual std::span<const MetricDescriptor> descriptors() const = 0;
    [[nodiscard]] virtual Nanoseconds period() const = 0;
    /// True where a read's duration is the target's, and long just when the target is in trouble: a
    /// canary. Each such probe has a thread of its own, so that it cannot cost the others their
    /// readings.
    [[nodiscard]] virtual bool waits_on_target() const { return false; }
    /// Connects and checks privileges before the load starts (a late probe cannot connect).
    /// An Error says what to do; whether the run goes on without this probe is the caller's choice.
    [[nodiscard]] virtual Status start(Clock::time_point deadline) = 0;
    /// Takes one reading before `deadline`. An Error becomes a gap in the series;
    /// it never stops the run. Reconnects by itself, with backoff, within later calls.
    [[nodiscard]] virtual Result<Reading> read(Clock::time_point deadline) = 0;
    /// Called once after the last read, when the load is over: for what only the whole run tells,
    /// which `facts()` may then hold as well.
    virtual void finish(Clock::time_point /*deadline*/) {}
    /// After `finish`: what happened since the last read, of a probe that tells of events.
    [[nodiscard]] virtual std::vector<Event> last_events() { return {}; }
    /// Facts that hold for the whole run, known after start: server version, max_connections ...
    /// Written to the run file as (key, value).
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> facts() const {
        return {};
    }
};
using ProbePtr = std::unique_ptr<Probe>;

}  // namespace plimsoll
