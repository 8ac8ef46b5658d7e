// A recorded run's thresholds.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

#include <vector>

namespace plimsoll {

/// Judges every threshold of the run: the same figures as live, and those of the per-endpoint table
/// stage by stage too. Error: what the reader reports.
[[nodiscard]] Result<std::vector<ThresholdResult>> judge_run(const RunReader& reader,
                                                             const RunData& data);

}  // namespace plimsoll
