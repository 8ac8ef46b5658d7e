// In which order an experiment plants its faults, and when.
#pragma once

#include "base/clock.hpp"
#include "experiment/experiment.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll {

/// One fault in one repetition, after the repetition's start.
struct PlannedTrial {
    std::size_t fault = 0;  // index into Experiment::faults
    Nanoseconds plant_at{}, heal_at{};
};

/// Each fault once, in an order drawn by the experiment's seed and the repetition's number, so that
/// none profits from always coming after the same other. Equal arguments give equal plans.
[[nodiscard]] std::vector<PlannedTrial> plan_repetition(const Experiment& experiment,
                                                        std::uint32_t repetition);

}  // namespace plimsoll
