#include "run/threshold_judge.hpp"

#include <fmt/format.h>

namespace plimsoll {

std::optional<std::string> ThresholdJudge::on_tick(const Snapshot& snapshot) {
    const Nanoseconds elapsed = snapshot.to - run_.start.mono;
    const std::lock_guard lock(mutex_);
    watch_.on_tick(
        to_seconds(snapshot.from - run_.start.mono), to_seconds(elapsed),
        {snapshot.delta, snapshot.delta_counts, snapshot.delta_groups, snapshot.delta_checks},
        {snapshot.total, snapshot.total_counts, snapshot.total_groups, snapshot.total_checks});
    for (std::size_t i = 0; i < run_.thresholds.size() && !aborted_; ++i) {
        const Threshold& threshold = run_.thresholds[i];
        if (threshold.abort_on_fail && elapsed >= threshold.delay_abort && watch_.fails_now(i)) {
            aborted_ = true;
            return fmt::format("{}: {} failed, stopping", threshold.key, threshold.expression);
        }
    }
    return std::nullopt;
}

void ThresholdJudge::on_reading(const ProbeInfo& probe, const Reading& reading) {
    const std::lock_guard lock(mutex_);
    watch_.on_reading(probe.name, probe.descriptors, to_seconds(reading.at - run_.start.mono),
                      reading.values);
}

std::vector<std::pair<std::string, bool>> ThresholdJudge::states() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, bool>> states;
    for (const ThresholdResult& result : watch_.results(false)) {
        states.emplace_back(result.threshold.key + ": " + result.threshold.expression, result.ok);
    }
    return states;
}

}  // namespace plimsoll
