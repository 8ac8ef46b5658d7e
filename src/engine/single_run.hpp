// A flow gone through once, by one user, outside the load: setup, teardown, a trial of the
// scenario.
#pragma once

#include "engine/engine.hpp"
#include "record/run_info.hpp"
#include "scenario/scenario.hpp"

#include <functional>
#include <string>
#include <vector>

namespace plimsoll {

/// One request of it.
struct SingleRequest {
    Sample sample;     // outcome NotSent: a value in it was missing
    std::string text;  // why it failed, or the first bytes of what came
};

struct SingleRun {
    bool ok = false;      // came to its end, and no step failed
    std::string failure;  // else: one line for people
    std::vector<SingleRequest> requests;
    std::vector<Variable> variables;  // as they were at its end, by VariableId
};

struct SingleRunOptions {
    bool go_on = false;                 // after a failed step; else the first ends it
    bool traceparent = false;           // sent along, flagged "not sampled"
    std::vector<Variable> shared = {};  // made by setup
    std::function<bool()> stop = {};    // asked a few times a second: give up
};

/// Goes through `user`'s flow once. Its requests are counted nowhere else. `base` gives seed and
/// version. Blocks; at most ten minutes. Error: the target cannot be reached.
[[nodiscard]] Result<SingleRun> run_single(const Scenario& scenario, const UserClass& user,
                                           const RunInfo& base, SingleRunOptions options);

/// "GET /login: 200 ok in 12 ms", or with what was wrong.
[[nodiscard]] std::string describe(const SingleRequest& request, const Scenario& scenario);

/// The class so that each of its steps is sent once, in the order of the file, whatever its
/// conditions, choices and loops say: without think time, pacing and polls beyond the first.
[[nodiscard]] UserClass trial_of(const UserClass& user);

}  // namespace plimsoll
