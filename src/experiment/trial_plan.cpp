#include "experiment/trial_plan.hpp"

#include "base/random.hpp"

#include <numeric>
#include <utility>

namespace plimsoll {

std::vector<PlannedTrial> plan_repetition(const Experiment& experiment, std::uint32_t repetition) {
    constexpr std::uint64_t kStream = 0x0a1e27;  // any one that nothing else draws from
    std::vector<std::size_t> order(experiment.faults.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(experiment.seed, kStream, repetition);
    for (std::size_t left = order.size(); left > 1; --left) {  // Fisher and Yates
        std::swap(order[left - 1], order[random.between(0, left - 1)]);
    }
    std::vector<PlannedTrial> out;
    Nanoseconds at = experiment.healthy;
    for (const std::size_t fault : order) {
        out.push_back({fault, at, at + experiment.fault});
        at += experiment.fault + experiment.healthy;
    }
    return out;
}

}  // namespace plimsoll
