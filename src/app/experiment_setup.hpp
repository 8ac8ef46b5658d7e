// What an experiment runs on: the lab or a service of the user's own, and the load.
#pragma once

#include "app/lab_child.hpp"
#include "base/result.hpp"
#include "experiment/experiment.hpp"
#include "scenario/scenario.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// The flags that the lab needs for the experiment's faults.
[[nodiscard]] std::vector<std::string> lab_flags(const Experiment& experiment);

/// Writes into each fault how `lab` plants and heals it, and into the environment what a scenario
/// may name: PLIMSOLL_LAB_URL, PLIMSOLL_LAB_PID, PLIMSOLL_LAB_PG_DSN, PLIMSOLL_LAB_PG_PORT and
/// PLIMSOLL_LAB_PGBOUNCER_DSN (empty without one).
void use_lab(const RunningLab& lab, Experiment& experiment);

/// The load: that of the experiment's scenario, or where it names none the lab's own, as long as
/// one repetition. `prometheus`: where metrics are served; empty: as the scenario says. Nothing
/// where it is at fault (all is printed by then).
[[nodiscard]] std::optional<Scenario> experiment_load(const Experiment& experiment,
                                                      const std::string& prometheus);

}  // namespace plimsoll
