// Whether a run may be believed: the generator's own faults, and gaps in what was measured.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

namespace plimsoll {

/// Every check that the run file gives evidence for, each with its figure and one sentence. A
/// failed check that is `decisive` says that the generator was the limit.
[[nodiscard]] std::vector<ValidityCheck> check_validity(const RunData& data);

/// How late 99 % of sends may be where half of the requests take `service_p50_s` or less.
[[nodiscard]] double send_lag_limit(double service_p50_s);

/// What is no check, as it cannot fail.
[[nodiscard]] std::vector<ValidityNote> validity_notes(const RunData& data);

/// The longest time of a run of `end_s` without a reading, from its start to its end, in seconds.
[[nodiscard]] double longest_silence(const StoredProbe& probe, double end_s);

/// INVALID where a decisive check failed, DEGRADED where another did, else VALID.
[[nodiscard]] Verdict verdict_of(const std::vector<ValidityCheck>& checks);

}  // namespace plimsoll
