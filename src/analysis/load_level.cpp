#include "analysis/load_level.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

/// Calls `visit(stage, level at its begin)` for each stage.
template <typename Visit>
void for_stages(const ExecutorInfo& executor, Visit&& visit) {
    double level = executor.start_value;
    for (const StageInfo& stage : executor.stages) {
        visit(stage, level);
        level = stage.target;
    }
}

double level_in(const StageInfo& stage, double begin_level, double t_s) {
    const double from = to_seconds(stage.from);
    const double length = to_seconds(stage.to) - from;
    return begin_level + (stage.target - begin_level) * (t_s - from) / length;
}

bool counts(const RunInfo& info, const ExecutorInfo& executor) {
    return executor.open || !is_open_model(info);
}

}  // namespace

bool is_open_model(const RunInfo& info) {
    return std::any_of(info.executors.begin(), info.executors.end(),
                       [](const ExecutorInfo& executor) { return executor.open; });
}

double level_at(const ExecutorInfo& executor, double t_s) {
    double level = 0;
    for_stages(executor, [&](const StageInfo& stage, double begin) {
        if (t_s >= to_seconds(stage.from) && t_s < to_seconds(stage.to)) {
            level = level_in(stage, begin, t_s);
        }
    });
    return level;
}

double mean_level(const ExecutorInfo& executor, double from_s, double to_s) {
    double integral = 0;
    for_stages(executor, [&](const StageInfo& stage, double begin) {
        const double from = std::max(from_s, to_seconds(stage.from));
        const double to = std::min(to_s, to_seconds(stage.to));
        if (to > from) {
            integral += (to - from) * level_in(stage, begin, (from + to) / 2);
        }
    });
    return to_s > from_s ? integral / (to_s - from_s) : 0;
}

double offered_at(const RunInfo& info, double t_s) {
    double sum = 0;
    for (const ExecutorInfo& executor : info.executors) {
        sum += counts(info, executor) ? level_at(executor, t_s) : 0;
    }
    return sum;
}

double highest_offered(const RunInfo& info, double until_s) {
    // Piecewise linear: the maximum lies at a corner. Just inside it, for a level that drops there.
    constexpr double kInside_s = 1e-6;
    double highest = offered_at(info, 0);
    const auto consider = [&](double t_s) {
        if (t_s >= 0 && t_s <= until_s) {
            highest = std::max(highest, offered_at(info, t_s));
        }
    };
    consider(until_s - kInside_s);
    for (const ExecutorInfo& executor : info.executors) {
        for (const StageInfo& stage : executor.stages) {
            consider(to_seconds(stage.from));
            consider(to_seconds(stage.to) - kInside_s);
        }
    }
    return highest;
}

double schedule_end(const RunInfo& info) {
    double end = 0;
    for (const ExecutorInfo& executor : info.executors) {
        if (!executor.stages.empty()) {
            end = std::max(end, to_seconds(executor.stages.back().to));
        }
    }
    return end;
}

bool is_constant_load(const RunInfo& info) {
    return std::all_of(info.executors.begin(), info.executors.end(), [](const ExecutorInfo& e) {
        const bool from_the_start = e.stages.empty() || e.stages.front().from == Nanoseconds{};
        return from_the_start &&
               std::all_of(e.stages.begin(), e.stages.end(),
                           [&](const StageInfo& s) { return s.target == e.start_value; });
    });
}

}  // namespace plimsoll
