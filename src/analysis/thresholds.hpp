// Pass or fail of the scenario's criteria: at the end, and live for abort_on_fail.
#pragma once

#include "analysis/result.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"

#include <span>

namespace plimsoll {

/// Judges one threshold on everything since the start. `total` is by EndpointId, `seconds` the time
/// that passed (for rates), `groups` by GroupId, `checks` by CheckId. Endpoints of the same name
/// count together. Where there is nothing to judge (no request yet) `value` is absent and the
/// threshold holds, as in k6.
[[nodiscard]] ThresholdResult judge(const Threshold& threshold, const RunInfo& info,
                                    std::span<const EndpointStats> total, const LoadCounts& counts,
                                    double seconds, std::span<const GroupStats> groups = {},
                                    std::span<const CheckCount> checks = {});

}  // namespace plimsoll
