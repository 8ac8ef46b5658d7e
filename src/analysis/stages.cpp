#include "analysis/stages.hpp"

#include "analysis/latency.hpp"
#include "analysis/load_level.hpp"

namespace plimsoll {

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
            result.rate = static_cast<double>(stage.stats.requests) / stage.seconds;
            result.users = stage.users_seconds / stage.seconds;
        }
        if (stage.stats.requests > 0) {
            result.failed_ratio =
                static_cast<double>(stage.stats.failed) / static_cast<double>(stage.stats.requests);
        }
        result.response = summarise_latency(stage.stats.response, count_timeouts(stage.stats));
        results.push_back(std::move(result));
    }
    return results;
}

}  // namespace plimsoll
