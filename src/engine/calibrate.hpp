// How many requests this machine's generator could make of a scenario.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>

namespace plimsoll {

struct Ceiling {
    double cpu_us_per_request = 0;  // of a shard's thread
    std::uint64_t requests = 0;     // behind the figure
    double achieved_rate = 0;       // one shard against the null server, on the cores there are
    /// What one shard could make with a core of its own: 1 / CPU time per request. The null server
    /// may share the cores, so its speed must not count.
    [[nodiscard]] double per_shard() const { return 1e6 / cpu_us_per_request; }
};

/// Runs the scenario's own requests without think time on one shard for `length` against a null
/// server within this process, on loopback, and counts the shard's CPU time. Sends nothing to the
/// target. Generator and server are pinned to different cores where there are two. Call before
/// the run's own threads start. Error: no server could be had, or too few requests to tell.
[[nodiscard]] Result<Ceiling> calibrate(const Scenario& scenario, Nanoseconds length);

}  // namespace plimsoll
