// What a run came to, as its exporters hear it.
#pragma once

#include "analysis/analyse.hpp"
#include "signal/run_view.hpp"

namespace plimsoll {

/// The final one.
[[nodiscard]] RunVerdict verdict_of(const Analysis& analysis);

}  // namespace plimsoll
