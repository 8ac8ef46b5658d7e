// What alerts did in a repetition: by a replay of rules, or by the server that watched it.
#pragma once

#include "alerts/backtest.hpp"
#include "analysis/result.hpp"
#include "experiment/trial_matrix.hpp"

#include <string>
#include <vector>

namespace plimsoll {

/// One for each alerting rule; several rules of one name are one alert, which fires while any of
/// them does. `fault_s`: how long a fault is in force, to say of a rule that it cannot tell of it.
[[nodiscard]] std::vector<WatchedAlert> watched_in(const ReplayedRun& run, double fault_s);

/// One for each of `names`, whatever its labels, and in that order.
[[nodiscard]] std::vector<WatchedAlert> watched_in(const std::vector<AlertEpisode>& episodes,
                                                   double length_s,
                                                   const std::vector<std::string>& names);

}  // namespace plimsoll
