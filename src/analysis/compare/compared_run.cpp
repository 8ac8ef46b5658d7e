#include "analysis/compare/compared_run.hpp"

#include "analysis/analyse.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace plimsoll {
namespace {

// More cells than this only cost time: a block is then many ticks anyway.
constexpr double kMostCells = 240;

/// Levels that a search held and that it carried, with the steady parts of those steps.
std::map<double, std::vector<Window>> carried(const FindResult& find) {
    std::map<double, std::vector<Window>> levels;
    for (const StepResult& step : find.steps) {
        const bool settled = step.verdict == StepVerdict::Pass || step.verdict == StepVerdict::Edge;
        if (settled && step.leans_pass && step.requests > 0) {
            levels[step.level].push_back({step.from_s + step.warm_up_s, step.to_s});
        }
    }
    return levels;
}

std::vector<Window> cut(const std::vector<Window>& stretches, double cell_s) {
    std::vector<Window> windows;
    for (const Window& stretch : stretches) {
        for (double at = stretch.from_s; at + cell_s <= stretch.to_s + 1e-6; at += cell_s) {
            windows.push_back({at, at + cell_s});
        }
    }
    return windows;
}

CellPlan plan_of_searches(const std::vector<const ComparedRun*>& runs, double tick_s) {
    CellPlan plan;
    plan.windows.resize(runs.size());
    std::vector<std::map<double, std::vector<Window>>> all;
    all.reserve(runs.size());
    for (const ComparedRun* run : runs) {
        all.push_back(carried(*run->analysis.find));
    }
    for (const auto& [level, stretches] : all.front()) {
        const double at = level;
        const bool common = std::all_of(all.begin(), all.end(),
                                        [&](const auto& levels) { return levels.contains(at); });
        if (!common) {
            continue;
        }
        std::vector<std::vector<Window>> cells;
        std::size_t fewest = std::numeric_limits<std::size_t>::max();
        for (const auto& levels : all) {
            cells.push_back(cut(levels.at(at), tick_s));
            fewest = std::min(fewest, cells.back().size());
        }
        for (std::size_t r = 0; r < runs.size(); ++r) {
            plan.windows[r].insert(plan.windows[r].end(), cells[r].begin(),
                                   cells[r].begin() + static_cast<std::ptrdiff_t>(fewest));
        }
        if (fewest > 0) {
            plan.levels.push_back(at);
        }
    }
    return plan;
}

}  // namespace

Result<ComparedRun> open_compared(const std::string& path) {
    auto reader = RunReader::open(path);
    if (!reader) {
        return reader.error();
    }
    auto analysis = analyse(*reader);
    if (!analysis) {
        return analysis.error();
    }
    auto data = load_run_data(*reader);
    if (!data) {
        return data.error();
    }
    auto hash = reader->scenario_sha256();
    if (!hash) {
        return hash.error();
    }
    return ComparedRun{path, std::move(*reader), std::move(*data), std::move(*analysis),
                       std::move(*hash)};
}

CellPlan plan_cells(const std::vector<const ComparedRun*>& runs) {
    double longest_s = 0;
    double tick_s = 0;
    bool searches = true;
    for (const ComparedRun* run : runs) {
        longest_s = std::max(longest_s, run->data.duration_s);
        tick_s = std::max(tick_s, to_seconds(run->data.info.tick));
        searches = searches && run->analysis.find.has_value();
    }
    if (searches) {
        return plan_of_searches(runs, tick_s);
    }
    const double cell_s = tick_s * std::max(1.0, std::ceil(longest_s / tick_s / kMostCells));
    // Ends that differ by seconds only (what was still under way) do not make runs unlike.
    constexpr double kSameLength = 0.1;
    std::vector<std::size_t> counts;
    for (const ComparedRun* run : runs) {
        const double load_s = std::max(run->data.load_end_s, cell_s);
        counts.push_back(static_cast<std::size_t>(std::max(1.0, std::round(load_s / cell_s))));
    }
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    const bool alike = static_cast<double>(*most - *least) <=
                       std::max(1.0, kSameLength * static_cast<double>(*most));
    CellPlan plan;
    for (const std::size_t own : counts) {
        const std::size_t n = alike ? *least : own;
        std::vector<Window> windows;
        for (std::size_t c = 0; c < n; ++c) {
            const double from_s = static_cast<double>(c) * cell_s;
            windows.push_back({from_s, c + 1 == n ? kForEver : from_s + cell_s});
        }
        plan.windows.push_back(std::move(windows));
    }
    return plan;
}

}  // namespace plimsoll
