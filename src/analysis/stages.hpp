// How each stage of the load went.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

namespace plimsoll {

/// One result per executor and stage that the run reached, in the order of the scenario. Requests
/// count to the stage in which they completed; executors that run at the same time share them.
[[nodiscard]] std::vector<StageResult> judge_stages(const RunData& data);

}  // namespace plimsoll
