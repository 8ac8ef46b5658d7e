// Adds up the ticks of a segmented run's parts.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/run_writer.hpp"
#include "store/segment_check.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace plimsoll {

/// Calls `visit` for each sum of the segments' ticks of one number, in order. Error: of a run file
/// that cannot be read.
[[nodiscard]] Status for_each_sum(const std::vector<SegmentRun>& runs, const RunInfo& whole,
                                  const std::function<void(std::shared_ptr<Snapshot>)>& visit);

/// Writes the sum of the segments' ticks of one number as that tick of `whole`. Error: of a run
/// file that cannot be read.
[[nodiscard]] Status merge_ticks(const std::vector<SegmentRun>& runs, const RunInfo& whole,
                                 RunFileWriter& writer);

}  // namespace plimsoll
