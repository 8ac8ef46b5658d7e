// When the trouble of a run began, as far as anybody knows.
#pragma once

#include "analysis/result.hpp"
#include "store/run_reader.hpp"

#include <vector>

namespace plimsoll {

/// By rank: the planted fault's own time stamp, the first finding's onset (between it and the
/// breaking point where there is one), the breaking point. A fault that was planted before the load
/// is there from its first request on, at 0. Empty: nothing is known of any trouble.
[[nodiscard]] std::vector<Onset> known_onsets(const std::vector<StoredEvent>& events,
                                              const Analysis& analysis);

}  // namespace plimsoll
