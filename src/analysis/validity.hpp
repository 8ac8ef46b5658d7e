// Whether a run may be believed: the generator's own faults, and gaps in what was measured.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

namespace plimsoll {

/// Every check that the run file gives evidence for, each with its figure and one sentence. A
/// failed check that is `decisive` says that the generator was the limit.
[[nodiscard]] std::vector<ValidityCheck> check_validity(const RunData& data);

/// INVALID where a decisive check failed, DEGRADED where another did, else VALID.
[[nodiscard]] Verdict verdict_of(const std::vector<ValidityCheck>& checks);

}  // namespace plimsoll
