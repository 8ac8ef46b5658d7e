// A scenario as text, one fact a line, for comparison with golden files.
#pragma once

#include "scenario/scenario.hpp"

#include <string>

namespace plimsoll {

[[nodiscard]] std::string dump(const Scenario& scenario);

}  // namespace plimsoll
