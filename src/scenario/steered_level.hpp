// What an executor can be set to while the load runs.
#pragma once

#include "base/result.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll {

/// Error: `load[executor]` is none that is controlled from outside, with a rate where `open`, else
/// with users; or it has not so many users.
[[nodiscard]] Status check_level(const std::vector<Executor>& load, std::uint32_t executor,
                                 double level, bool open);

}  // namespace plimsoll
