// From two sides' runs to what got better or worse.
#pragma once

#include "analysis/compare/compared_run.hpp"
#include "analysis/compare/comparison.hpp"

#include <vector>

namespace plimsoll {

/// Compares `now` with `base`; each has at least one run. Depends on the run files alone: the same
/// runs always give the same answer. Whether it makes sense is `mismatches`' to say. Error: the
/// reader's.
[[nodiscard]] Result<CompareResult> compare(const std::vector<ComparedRun>& base,
                                            const std::vector<ComparedRun>& now, double tolerance);

}  // namespace plimsoll
