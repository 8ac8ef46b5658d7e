// Which rows a comparison has. Inside src/analysis/compare.
#pragma once

#include "analysis/compare/compared_run.hpp"
#include "analysis/compare/comparison.hpp"
#include "analysis/compare/resample.hpp"

#include <vector>

namespace plimsoll {

/// One row before it is judged.
struct Planned {
    CompareRow row;
    Measure measure;
    double samples = 0;  // fewest that each side must have
};

/// Endpoints have rows of their own where there are several.
[[nodiscard]] std::vector<Planned> plan_rows(const SampleNames& names);

}  // namespace plimsoll
