#include "analysis/stages.hpp"

#include "analysis/censored.hpp"
#include "analysis/latency.hpp"
#include "analysis/load_level.hpp"

#include <optional>

namespace plimsoll {
namespace {

std::vector<StageEndpointResult> judge_endpoints(const StageFacts& stage,
                                                 const StageFacts* baseline) {
    std::vector<StageEndpointResult> results;
    for (std::size_t e = 0; e < stage.endpoints.size(); ++e) {
        const StageEndpoint& facts = stage.endpoints[e];
        StageEndpointResult result{facts.requests, facts.failed, facts.mean_s,
                                   facts.min_s,    facts.max_s,  std::nullopt};
        if (baseline != nullptr && baseline != &stage && facts.requests > 0 &&
            baseline->endpoints[e].mean_s > 0) {
            result.change = facts.mean_s / baseline->endpoints[e].mean_s - 1;
        }
        results.push_back(result);
    }
    return results;
}

const StageFacts* baseline_of(const RunData& data, std::size_t executor) {
    for (const StageFacts& stage : data.stages) {
        if (stage.executor == executor && stage.held && stage.stats.requests > 0) {
            return &stage;
        }
    }
    return nullptr;
}

}  // namespace

std::vector<StageResult> judge_stages(const RunData& data) {
    std::vector<StageResult> results;
    for (const StageFacts& stage : data.stages) {
        const ExecutorInfo& executor = data.info.executors[stage.executor];
        StageResult result;
        result.executor = executor.name;
        result.stage = stage.stage;
        result.from_s = stage.from_s;
        result.to_s = stage.to_s;
        result.offered_rate = executor.open ? mean_level(executor, stage.from_s, stage.to_s) : 0;
        if (stage.seconds > 0) {
            result.rate = static_cast<double>(stage.stats.requests - stage.stats.cut_off.count()) /
                          stage.seconds;
            result.users = stage.users_seconds / stage.seconds;
        }
        if (stage.stats.requests > 0) {
            result.failed_ratio = static_cast<double>(failures_of(stage.stats).certain) /
                                  static_cast<double>(stage.stats.requests);
        }
        result.held = stage.held;
        result.endpoints = judge_endpoints(stage, baseline_of(data, stage.executor));
        result.response = summarise_latency(stage.stats.response, stage.stats.censored.count());
        results.push_back(std::move(result));
    }
    return results;
}

}  // namespace plimsoll
