// A draft as the text of a scenario file.
#pragma once

#include "import/draft.hpp"

#include <string>

namespace plimsoll::import {

/// What all of the draft's `steps` steps share goes to the defaults.
[[nodiscard]] std::string scenario_text(Draft draft, std::size_t steps);

}  // namespace plimsoll::import
