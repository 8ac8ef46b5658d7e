#include "experiment/trial_plan.hpp"

#include <set>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

Experiment of_faults(std::size_t count) {
    Experiment experiment;
    experiment.faults.resize(count);
    experiment.healthy = 60s;
    experiment.fault = 30s;
    return experiment;
}

TEST(TrialPlan, HasEachFaultOnceWithHealthyStretchesBetween) {
    const Experiment experiment = of_faults(3);
    for (std::uint32_t repetition = 0; repetition < 20; ++repetition) {
        const auto plan = plan_repetition(experiment, repetition);
        ASSERT_EQ(plan.size(), 3U);
        std::set<std::size_t> seen;
        for (std::size_t i = 0; i < plan.size(); ++i) {
            EXPECT_EQ(plan[i].plant_at, 60s + 90s * static_cast<int>(i));
            EXPECT_EQ(plan[i].heal_at - plan[i].plant_at, 30s);
            seen.insert(plan[i].fault);
        }
        EXPECT_EQ(seen.size(), 3U);
    }
    EXPECT_EQ(experiment.length(), 60s + 3 * 90s);
}

TEST(TrialPlan, IsTheSameForTheSameSeedAndEveryOrderComes) {
    Experiment experiment = of_faults(3);
    std::set<std::vector<std::size_t>> orders;
    for (std::uint32_t repetition = 0; repetition < 200; ++repetition) {
        std::vector<std::size_t> order;
        for (const PlannedTrial& trial : plan_repetition(experiment, repetition)) {
            order.push_back(trial.fault);
        }
        std::vector<std::size_t> again;
        for (const PlannedTrial& trial : plan_repetition(experiment, repetition)) {
            again.push_back(trial.fault);
        }
        EXPECT_EQ(order, again);
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 6U);  // 3!: that one is missing after 200 draws has odds of 1e-15
}

}  // namespace
}  // namespace plimsoll
