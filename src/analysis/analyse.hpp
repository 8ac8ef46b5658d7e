// From a run file to what it says.
#pragma once

#include "analysis/result.hpp"
#include "base/result.hpp"
#include "store/run_reader.hpp"

namespace plimsoll {

/// Everything that can be concluded from one run. Depends on the run file alone: the same file
/// always gives the same answer. A run that was cut off is analysed up to there. Error: the
/// reader's, naming the file.
[[nodiscard]] Result<Analysis> analyse(const RunReader& reader);

}  // namespace plimsoll
