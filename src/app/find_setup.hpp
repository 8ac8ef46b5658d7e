// From a scenario to the search for what its target carries.
#pragma once

#include "analysis/capacity/conductor.hpp"
#include "app/exit_code.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <optional>

namespace plimsoll {

/// What the user asks of a search; what is absent has a default.
struct FindRequest {
    std::optional<double> start;      // first level: arrivals per second, or users
    std::optional<double> most;       // highest level
    std::optional<double> at_least;   // requests per second, or users, that must be carried
    std::optional<double> precision;  // hi/lo - 1
    std::optional<Nanoseconds> budget;
    std::optional<Nanoseconds> window;     // every step is held for at least so long
    bool users = false;                    // search users in a loop, not arrivals
    std::optional<std::uint32_t> max_vus;  // most users at once of a search by arrivals
    std::uint64_t seed = 1;
};

/// What neither the user nor the scenario says.
inline constexpr double kPrecision = 0.05;
inline constexpr std::chrono::minutes kBudget{30};
/// The request with what the scenario's `find` block says where it says nothing itself. Levels of
/// the block count only for a search of what the block's own are: arrivals, or users.
[[nodiscard]] FindRequest with_plan(FindRequest request, const FindPlan& plan);

/// Replaces the scenario's load by one that a pilot steers, and makes of its thresholds what a step
/// must keep; users, weights, flows, data and probes stay. Error: a request that cannot be.
[[nodiscard]] Result<FindOptions> prepare_find(Scenario& scenario, const FindRequest& request);

/// How a search ends for the shell, where the run itself came to its end: passed; 99 where less
/// than `at_least` is carried, or nothing that was tried; 111 where the generator was the limit
/// from the first step.
[[nodiscard]] ExitCode exit_code_of(const FindResult& result, const FindRequest& request);

}  // namespace plimsoll
