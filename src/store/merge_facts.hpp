// What segments say of themselves beside their ticks, as one run's.
#pragma once

#include "base/result.hpp"
#include "record/interval.hpp"
#include "store/segment_check.hpp"

#include <map>
#include <string>
#include <vector>

namespace plimsoll {

/// Those of all segments, each also as `segment.<number>.<key>`; what counts (CPU time, deliveries)
/// added up; and under `merge.` what `merged` says.
[[nodiscard]] Result<std::map<std::string, std::string>> merged_facts(
    const std::vector<SegmentRun>& runs, const MergedRun& merged);

/// Of all segments, for RunFileWriter::write_errors: each twice, when it was first and last seen.
/// Errors are kept per run, not per tick.
[[nodiscard]] Result<std::vector<ErrorSample>> merged_errors(const std::vector<SegmentRun>& runs,
                                                             const RunInfo& whole);

}  // namespace plimsoll
