// Flags that change the load of a scenario file.
#pragma once

#include "base/result.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Only what was given.
struct LoadFlags {
    std::optional<std::uint32_t> vus;
    std::optional<Nanoseconds> duration;
    std::optional<std::uint64_t> iterations;
    std::optional<Rate> rate;
    std::vector<Ramp::Stage> stages;
    bool replace = false;  // the file's load goes, as with k6

    [[nodiscard]] bool any() const {
        return vus || duration || iterations || rate || !stages.empty();
    }
};

/// A flag changes what it names, and the rest stays as the file has it: a duration cuts every
/// executor, users scale the one executor that has users in a loop. A rate, a number of iterations
/// or stages of users say a load of their own, which takes the file's place. What would ask for
/// more than the file does without saying how much is an Error: a longer time, users in a loop
/// where the file has a rate. Otherwise what became of the load, in a sentence; empty: nothing did.
[[nodiscard]] Result<std::string> shape_load(Scenario& scenario, const LoadFlags& flags);

}  // namespace plimsoll
