// What the engine works out about a user class before the run.
#pragma once

#include "scenario/scenario.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll {

/// Immutable, shared by all shards.
struct ClassPlan {
    explicit ClassPlan(const UserClass& user, const Scenario& scenario);

    const UserClass* who;
    Flow flow;                      // the class's, or its steps one after the other
    std::vector<VariableId> unset;  // when an iteration begins
    std::vector<bool> start_reads;  // by DataId: whether user_start does
    std::vector<bool> reads;        // by DataId: whether an iteration does
    bool has_start;
    bool has_stop;
    bool forgets_cookies;  // as each iteration begins; what user_start logged in stays logged in
    /// Users of classes with a start, a stop or variables that stay are parked apart, so that they
    /// keep their class; all others share pool 0.
    std::size_t pool = 0;
    [[nodiscard]] const std::vector<bool>& reads_in(bool start) const noexcept {
        return start ? start_reads : reads;
    }
};

/// By user class; numbers the pools. `pools` takes their count.
[[nodiscard]] std::vector<ClassPlan> plan_classes(const Scenario& scenario, std::size_t& pools);

}  // namespace plimsoll
