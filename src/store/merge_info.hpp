// What the parts of a segmented run say of themselves, as one run's.
#pragma once

#include "record/run_info.hpp"
#include "store/segment_check.hpp"

#include <vector>

namespace plimsoll {

/// A sum of parts of a level without the rounding that dividing it brought: 200/s in three parts
/// is 200 again.
[[nodiscard]] double rounded(double sum);

/// Sums of what each segment was to do; the start and the id are those of the segment that began
/// first.
[[nodiscard]] RunInfo merged_info(const std::vector<SegmentRun>& runs);

}  // namespace plimsoll
