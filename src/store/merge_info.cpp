#include "store/merge_info.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

void add_info(RunInfo& whole, const SegmentRun& run) {
    const RunInfo& part = run.info();
    if (run.began() < whole.start.wall) {
        whole.start = {part.start.mono, run.began()};
        whole.id = part.id;
    }
    whole.shards += part.shards;
    for (std::size_t e = 0; e < part.executors.size(); ++e) {
        ExecutorInfo& sum = whole.executors[e];
        sum.start_value += part.executors[e].start_value;
        sum.max_users += part.executors[e].max_users;
        for (std::size_t s = 0; s < sum.stages.size(); ++s) {
            sum.stages[s].target += part.executors[e].stages[s].target;
        }
    }
    for (const std::string& tag : part.tags) {
        if (std::find(whole.tags.begin(), whole.tags.end(), tag) == whole.tags.end()) {
            whole.tags.push_back(tag);
        }
    }
}

}  // namespace

double rounded(double sum) {
    const std::string text = fmt::format("{:.12g}", sum);
    double value = sum;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

RunInfo merged_info(const std::vector<SegmentRun>& runs) {
    RunInfo whole = runs.front().info();
    whole.start.wall = runs.front().began();
    whole.shards = 0;
    whole.segment = {};
    for (ExecutorInfo& executor : whole.executors) {
        executor.start_value = 0;
        executor.max_users = 0;
        for (StageInfo& stage : executor.stages) {
            stage.target = 0;
        }
    }
    for (const SegmentRun& run : runs) {
        add_info(whole, run);
    }
    for (ExecutorInfo& executor : whole.executors) {
        executor.start_value = rounded(executor.start_value);
        for (StageInfo& stage : executor.stages) {
            stage.target = rounded(stage.target);
        }
    }
    whole.id += "-merged";
    return whole;
}

}  // namespace plimsoll
