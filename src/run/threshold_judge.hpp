// A run's thresholds, judged while it goes on.
#pragma once

#include "analysis/thresholds.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Threading: ticks and readings come from threads of their own, scrapes ask from others.
class ThresholdJudge {
public:
    /// `run` outlives it.
    explicit ThresholdJudge(const RunInfo& run) : run_(run), watch_(run) {}

    /// The first threshold with abort_on_fail that fails, once in a run, in words.
    [[nodiscard]] std::optional<std::string> on_tick(const Snapshot& snapshot);
    void on_reading(const ProbeInfo& probe, const Reading& reading);
    /// "KEY: EXPRESSION", and whether it holds so far.
    [[nodiscard]] std::vector<std::pair<std::string, bool>> states() const;

private:
    const RunInfo& run_;
    mutable std::mutex mutex_;
    ThresholdWatch watch_;
    bool aborted_ = false;
};

}  // namespace plimsoll
