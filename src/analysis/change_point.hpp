// When a run left its normal course: change points in one normalised value per tick.
#pragma once

#include "analysis/breaking_point.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace plimsoll {

/// A change shorter than this is a hiccup: a checkpoint, a garbage collection, a neighbour.
inline constexpr double kPersists_s = 5;
/// Latency counts from twice the floor on.
inline constexpr double kLatencyFactor = 2;

/// One tick of the load's time, normalised.
struct LoadTick {
    double from_s, to_s, level;
    double demand;     // requests asked for in this tick
    double shortfall;  // of them, not answered well
    double latency;    // log(R / 2 R0), 0 below notice
    double response_s;
};

/// The ticks under load, in order.
[[nodiscard]] std::vector<LoadTick> load_ticks(const RunData& data, const Baseline& baseline);

/// Mean number of users that the schedule keeps alive in a tick: whole ones, though the schedule
/// moves between them.
[[nodiscard]] double users_in(const RunData& data, const TickFacts& tick);

/// Until when the load stayed near its level at `onset`, or above.
[[nodiscard]] double high_until(const std::vector<LoadTick>& ticks, std::size_t onset);

struct Change {
    std::size_t onset;  // the tick at which it began
    std::size_t sure;   // the tick at which it was beyond doubt
};
/// The earliest lasting change of either kind from tick `from` on; see find_breaking_point.
[[nodiscard]] std::optional<Change> shortfall_change(const std::vector<LoadTick>& ticks, bool open,
                                                     std::size_t from = 0);
[[nodiscard]] std::optional<Change> latency_change(const std::vector<LoadTick>& ticks,
                                                   double floor_s, std::size_t from = 0);
/// The tick from which on the target kept up again, under as much load as in the change; nullopt
/// where it did not, or not for long enough to tell.
[[nodiscard]] std::optional<std::size_t> recovery_from(const std::vector<LoadTick>& ticks,
                                                       const Change& change, bool open);

}  // namespace plimsoll
