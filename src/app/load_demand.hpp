// What a scenario asks of those who make its load, at its peak.
#pragma once

#include "base/units.hpp"
#include "deploy/capacity_plan.hpp"
#include "scenario/scenario.hpp"

#include <optional>

namespace plimsoll {

/// The peak of what runs at the same time: rates and users are those of each executor's highest
/// level, summed over those that overlap. With `rate`: so many arrivals/s of the scenario's mix in
/// place of its load. Users in a loop go round once in their thinking and waiting time (`response`
/// a request), or their pacing where that is longer. Error: users in a loop that neither think nor
/// wait, whose rate nobody knows.
[[nodiscard]] Result<LoadDemand> demand_of(const Scenario& scenario, std::optional<Rate> rate,
                                           Nanoseconds response);

}  // namespace plimsoll
