#include "analysis/closed_loop.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Of the mean think time, and of the longest cycle: users that come and go at a stage's ends are
// counted for part of a cycle.
constexpr double kSteadyThink = 0.10;
// Fewer requests give no mean to judge by.
constexpr std::uint64_t kLeastRequests = 50;

struct LoopStage {
    double users = 0;
    double cycle_s = 0;  // N/X
    double think_s = 0;  // N/X - R
};

bool has_one_class(const RunInfo& info) {
    return std::all_of(
        info.endpoints.begin(), info.endpoints.end(),
        [&](const EndpointInfo& endpoint) { return endpoint.user == info.endpoints.front().user; });
}

std::vector<LoopStage> loop_stages(const RunData& data) {
    std::vector<LoopStage> stages;
    for (const StageFacts& stage : data.stages) {
        const Histogram& cut_off = stage.stats.cut_off.get();
        const std::uint64_t ended = stage.stats.requests - cut_off.count();
        if (!stage.held || ended < kLeastRequests || stage.users_seconds <= 0) {
            continue;
        }
        const auto requests = static_cast<double>(ended);
        const double cycle_s = stage.users_seconds / requests;
        const double response_s = to_seconds(stage.stats.response.sum() - cut_off.sum()) / requests;
        stages.push_back({stage.users_seconds / stage.seconds, cycle_s, cycle_s - response_s});
    }
    return stages;
}

}  // namespace

std::optional<ValidityCheck> check_think_time(const RunData& data) {
    if (data.info.executors.size() != 1 || data.info.executors.front().open ||
        !has_one_class(data.info)) {
        return std::nullopt;
    }
    const std::vector<LoopStage> stages = loop_stages(data);
    if (stages.size() < 2) {
        return std::nullopt;
    }
    const auto by_think = [](const LoopStage& a, const LoopStage& b) {
        return a.think_s < b.think_s;
    };
    const auto by_cycle = [](const LoopStage& a, const LoopStage& b) {
        return a.cycle_s < b.cycle_s;
    };
    const auto [least, most] = std::minmax_element(stages.begin(), stages.end(), by_think);
    const auto [quick, slow] = std::minmax_element(stages.begin(), stages.end(), by_cycle);
    const double mean = std::max(0.0, (least->think_s + most->think_s) / 2);
    const double off = (most->think_s - least->think_s) / std::max(mean, slow->cycle_s);
    const bool paced = slow->cycle_s - quick->cycle_s <= kSteadyThink * slow->cycle_s;
    const bool ok = off <= kSteadyThink || paced;
    std::string why = fmt::format(
        "users / throughput - response time, which is the time between requests, was {} at {:.0f} "
        "users and {} at {:.0f}",
        human_seconds(std::max(0.0, least->think_s)), least->users, human_seconds(most->think_s),
        most->users);
    if (!ok) {
        why += fmt::format(
            ": not all users were cycling, so mean response times leave the longest waits out ({} "
            "requests were still under way at the end)",
            data.counts.interrupted);
    }
    return ValidityCheck{"think_time", ok, false, off, kSteadyThink, std::move(why)};
}

}  // namespace plimsoll
