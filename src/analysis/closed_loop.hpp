// Whether looping users did what their number, throughput and response time say together.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

#include <optional>

namespace plimsoll {

/// Little's law on a loop of N users: N = X (R + Z), so Z = N/X - R, the time that a user is not
/// waiting for an answer, is the scenario's think time at every load. Where it is not the same in
/// all stages, some users were not cycling: they hung in requests that no average holds, or were
/// held back. Where N/X itself is the same, the users are paced, and that is as it should be.
///
/// Judged on the stages with a constant number of users of a run with one executor and one user
/// class: classes that think differently change the mean when their shares of the throughput do.
/// nullopt: fewer than two such stages.
[[nodiscard]] std::optional<ValidityCheck> check_think_time(const RunData& data);

}  // namespace plimsoll
