// Whether runs can be compared at all.
#pragma once

#include "analysis/compare/compared_run.hpp"

#include <string>
#include <vector>

namespace plimsoll {

/// A reason against it.
struct Mismatch {
    std::string what;      // one sentence
    bool invalid = false;  // a measurement that says nothing about its target
};

/// What makes apples and pears of them: another scenario, load or class of machine, a run that was
/// cut off or is INVALID. Each run is held against the first.
[[nodiscard]] std::vector<Mismatch> mismatches(const std::vector<const ComparedRun*>& runs);

}  // namespace plimsoll
