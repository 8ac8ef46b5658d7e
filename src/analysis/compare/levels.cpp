// Capacity and breaking point: levels that a search or a ramp brackets between two ends.
#include "analysis/compare/compared_run.hpp"
#include "analysis/compare/rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/math/distributions/students_t.hpp>

namespace plimsoll {
namespace {

struct SideRange {
    LevelRange range;          // geometric means of the runs' ends
    std::vector<double> logs;  // of each run's middle
};

double middle(const LevelRange& range) {
    return std::sqrt(range.low * range.high);
}

bool is_whole(const LevelRange& range) {
    return range.low > 0 && std::isfinite(range.high);
}

SideRange together(const std::vector<LevelRange>& runs) {
    SideRange side;
    double low = 0;
    double high = 0;
    for (const LevelRange& run : runs) {
        low += std::log(run.low) / static_cast<double>(runs.size());
        high += std::log(run.high) / static_cast<double>(runs.size());
        if (is_whole(run)) {
            side.logs.push_back(std::log(middle(run)));
        }
    }
    side.range = {std::exp(low), std::exp(high)};
    return side;
}

double squares_of(const std::vector<double>& values) {
    double mean = 0;
    for (const double value : values) {
        mean += value / static_cast<double>(values.size());
    }
    double squares = 0;
    for (const double value : values) {
        squares += (value - mean) * (value - mean);
    }
    return squares;
}

/// How far the change may be off because runs of a side differ, with 95 %.
double reach_of(const SideRange& base, const SideRange& now) {
    const auto n1 = static_cast<double>(base.logs.size());
    const auto n2 = static_cast<double>(now.logs.size());
    const double freedom = n1 + n2 - 2;
    if (n1 < 1 || n2 < 1 || freedom < 1) {
        return 0;
    }
    const double variance = (squares_of(base.logs) + squares_of(now.logs)) / freedom;
    return boost::math::quantile(boost::math::students_t(freedom), 0.975) *
           std::sqrt(variance * (1 / n1 + 1 / n2));
}

LevelRange capacity_of(const FindResult& find) {
    const double factor = find.open ? find.requests_per_iteration : 1;
    return {factor * find.search.lo.value_or(0), factor * find.search.hi.value_or(kForEver)};
}

LevelRange break_of(const Analysis& analysis) {
    const BreakingPoint& point = analysis.breaking_point;
    if (!point.found) {
        return {analysis.highest_offered, kForEver};
    }
    return {std::min(point.interval[0], point.at_rate), std::max(point.interval[1], point.at_rate)};
}

template <typename Get>
std::vector<LevelRange> ranges(const std::vector<ComparedRun>& runs, Get get) {
    std::vector<LevelRange> all;
    all.reserve(runs.size());
    for (const ComparedRun& run : runs) {
        all.push_back(get(run.analysis));
    }
    return all;
}

template <typename Get>
CompareRow row_of(const char* name, RowUnit unit, const std::vector<ComparedRun>& base,
                  const std::vector<ComparedRun>& now, double tolerance, Get get) {
    const SideRange was = together(ranges(base, get));
    const SideRange is = together(ranges(now, get));
    return level_row(name, unit, was.range, is.range, tolerance, reach_of(was, is));
}

}  // namespace

CompareRow level_row(std::string name, RowUnit unit, LevelRange base, LevelRange now,
                     double tolerance, double between) {
    CompareRow row;
    row.group = "load";
    row.name = std::move(name);
    row.unit = unit;
    row.more_is_better = true;
    row.tolerated = tolerance;
    const auto shown = [](const LevelRange& range) -> std::optional<double> {
        return is_whole(range) ? std::optional(middle(range))
               : range.low > 0 ? std::optional(range.low)
                               : std::nullopt;
    };
    row.base = shown(base);
    row.now = shown(now);
    const double low = now.low / base.high;
    const double high = base.low > 0 ? now.high / base.low : kForEver;
    row.interval = {low * std::exp(-between) - 1, high * std::exp(between) - 1};
    const bool whole = is_whole(base) && is_whole(now);
    if (whole) {
        row.change = middle(now) / middle(base) - 1;
    }
    // Without both ends, the change that is certain is what counts.
    const double at_most = row.change.value_or(row.interval[1]);
    const double at_least = row.change.value_or(row.interval[0]);
    if (row.interval[1] < 0 && at_most < -tolerance) {
        row.verdict = RowVerdict::Worse;
    } else if (row.interval[0] > 0 && at_least > tolerance) {
        row.verdict = RowVerdict::Better;
    } else if (row.change && std::abs(*row.change) <= tolerance) {
        row.verdict = RowVerdict::Same;
    } else {
        row.verdict = RowVerdict::TooLittle;
        row.why = whole ? "the two ranges overlap" : "one side has no upper end";
    }
    return row;
}

std::vector<CompareRow> level_rows(const std::vector<ComparedRun>& base,
                                   const std::vector<ComparedRun>& now, double tolerance) {
    const auto searched = [](const ComparedRun& run) { return run.analysis.find.has_value(); };
    const auto broke = [](const ComparedRun& run) { return run.analysis.breaking_point.found; };
    const Analysis& first = base.front().analysis;
    std::vector<CompareRow> rows;
    if (std::all_of(base.begin(), base.end(), searched) &&
        std::all_of(now.begin(), now.end(), searched)) {
        rows.push_back(row_of(
            "capacity", first.find->open ? RowUnit::Rate : RowUnit::Users, base, now, tolerance,
            [](const Analysis& analysis) { return capacity_of(*analysis.find); }));
    } else if (std::any_of(base.begin(), base.end(), broke) ||
               std::any_of(now.begin(), now.end(), broke)) {
        rows.push_back(row_of("breaking point", first.open_model ? RowUnit::Rate : RowUnit::Users,
                              base, now, tolerance, break_of));
    }
    return rows;
}

}  // namespace plimsoll
