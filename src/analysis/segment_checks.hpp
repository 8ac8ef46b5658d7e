// Whether a merged run is all of it.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

#include <vector>

namespace plimsoll {

/// Of a merged run: whether all of it is there, and whether its parts ran at the same time.
void check_segments(const RunData& data, std::vector<ValidityCheck>& checks);

}  // namespace plimsoll
