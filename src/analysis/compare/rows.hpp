// How the rows of a comparison are judged. Inside src/analysis/compare.
#pragma once

#include "analysis/compare/compared_run.hpp"
#include "analysis/compare/comparison.hpp"
#include "analysis/compare/resample.hpp"

#include <optional>
#include <vector>

namespace plimsoll {

/// Judges a row whose change, interval and tolerated change are filled in. `interval` says which
/// changes cannot be excluded.
[[nodiscard]] RowVerdict judge_row(const CompareRow& row);

/// A level that lies between two ends, such as a capacity: [low, high], either may be unknown.
struct LevelRange {
    double low = 0;
    double high = 0;  // infinity: not known
};
/// The row of a level that more of is better. `between` is the standard deviation of the change
/// that runs of a side show beyond their ranges; 0 where each side has one.
[[nodiscard]] CompareRow level_row(std::string name, RowUnit unit, LevelRange base, LevelRange now,
                                   double tolerance, double between);

/// Rows of capacity and breaking point (levels.cpp).
[[nodiscard]] std::vector<CompareRow> level_rows(const std::vector<ComparedRun>& base,
                                                 const std::vector<ComparedRun>& now,
                                                 double tolerance);
/// Sentences on what differs and is no quantity (changes.cpp).
[[nodiscard]] std::vector<std::string> changes(const std::vector<ComparedRun>& base,
                                               const std::vector<ComparedRun>& now);

}  // namespace plimsoll
