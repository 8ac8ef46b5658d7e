// Adds up the ticks of a segmented run's parts.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/run_writer.hpp"
#include "store/segment_check.hpp"

#include <vector>

namespace plimsoll {

/// Writes the sum of the segments' ticks of one number as that tick of `whole`. Error: of a run
/// file that cannot be read.
[[nodiscard]] Status merge_ticks(const std::vector<SegmentRun>& runs, const RunInfo& whole,
                                 RunFileWriter& writer);

}  // namespace plimsoll
