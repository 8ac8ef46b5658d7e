// What the schedule asked for, from the run's description alone.
#pragma once

#include "record/run_info.hpp"

namespace plimsoll {

/// Arrivals come by schedule: some executor is of the open model.
[[nodiscard]] bool is_open_model(const RunInfo& info);

/// The level of one executor at `t` seconds: arrivals per second, or users. Linear from stage to
/// stage; at a step the level after it; 0 before the first stage and from the end on.
[[nodiscard]] double level_at(const ExecutorInfo& executor, double t_s);
/// Its mean over [from_s, to_s), exactly.
[[nodiscard]] double mean_level(const ExecutorInfo& executor, double from_s, double to_s);

/// The run's level at `t`: the sum of its open executors' rates, or, where it has none, of its
/// users.
[[nodiscard]] double offered_at(const RunInfo& info, double t_s);
/// The highest of offered_at up to `until_s`.
[[nodiscard]] double highest_offered(const RunInfo& info, double until_s);
/// When the last executor's schedule ends.
[[nodiscard]] double schedule_end(const RunInfo& info);
/// The level never changes.
[[nodiscard]] bool is_constant_load(const RunInfo& info);

}  // namespace plimsoll
