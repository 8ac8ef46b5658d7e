// How many requests a scenario sends to each endpoint, before it has run.
#pragma once

#include "scenario/scenario.hpp"

#include <vector>

namespace plimsoll {

struct RequestEstimate {
    double requests = 0;
    bool at_most = false;  // users wait for answers: so many where they take no time
    bool unknown = false;  // users who do not think send as fast as the target answers
};

/// By EndpointId. Expected values: choices by their weights, conditions half of the times, polls
/// once, loops whose rounds are not known once.
[[nodiscard]] std::vector<RequestEstimate> estimate_requests(const Scenario& scenario);

/// How long one iteration of the class thinks, in seconds.
[[nodiscard]] double thinking_of(const UserClass& user);

/// How often one iteration sends each of the class's steps.
[[nodiscard]] std::vector<double> visits_of(const UserClass& user, const Flow& flow);

}  // namespace plimsoll
