// Somebody at the wheel: decides while a run goes on what load it puts on, and when it ends.
#pragma once

#include "record/interval.hpp"
#include "run/load_source.hpp"
#include "signal/exporter.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace plimsoll {

/// Threading: `begin` on the main thread before the load's first tick; then ticks and readings come
/// from threads of their own; the rest is asked by the main thread. Lifetime: outlives the session.
class LoadPilot {
public:
    virtual ~LoadPilot() = default;
    /// `load` and `run` stay until the session ends.
    virtual void begin(LoadSource& load, const RunInfo& run) = 0;
    virtual void on_snapshot(const SnapshotPtr& snapshot) = 0;
    virtual void on_reading(const ProbeInfo& probe, const Reading& reading) = 0;
    /// The load may end.
    [[nodiscard]] virtual bool finished() const = 0;
    /// What is to be said since the last call, a line each; each is an event of the run too.
    [[nodiscard]] virtual std::vector<std::string> take_lines() = 0;
    /// For the run file, once the load has ended.
    [[nodiscard]] virtual std::map<std::string, std::string> facts() const = 0;
};

}  // namespace plimsoll
