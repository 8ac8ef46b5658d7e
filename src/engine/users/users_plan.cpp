#include "engine/users/users_plan.hpp"

namespace plimsoll {

UsersPlan::UsersPlan(const Scenario& of_scenario, const RunInfo& of_run)
    : scenario(&of_scenario), run(&of_run), classes(plan_classes(of_scenario, pools)) {
    for (const Executor& executor : scenario->load) {
        pickers.emplace_back(scenario->users, executor.users);
    }
}

}  // namespace plimsoll
