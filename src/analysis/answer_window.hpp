// Validity where it matters: over the time that the run's answer rests on.
#pragma once

#include "analysis/breaking_point.hpp"
#include "analysis/result.hpp"
#include "analysis/run_data.hpp"
#include "base/result.hpp"
#include "store/run_reader.hpp"

#include <vector>

namespace plimsoll {

/// Where the target broke, the breaking point and its cause rest on the time until that was certain
/// (and on what came after a recovery). What a full machine and a target that no longer answers do
/// to the measurement after that, requests given up and a generator a little late, is part of the
/// answer. So a check that failed, and is not decisive, is judged again without that time; where it
/// then holds it is ok, and its sentence says both. Likewise a probe that gave no reading matters
/// only to an answer that lacks it.
///
/// Error: what could not be read.
[[nodiscard]] Status judge_for_answer(const RunReader& reader, const RunData& data,
                                      const Break& found, const std::vector<Finding>& findings,
                                      std::vector<ValidityCheck>& checks);

}  // namespace plimsoll
