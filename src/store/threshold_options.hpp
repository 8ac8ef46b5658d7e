// The parts of a threshold that most thresholds do not have, as rows of names and values: a reader
// passes over names that it does not know.
#pragma once

#include "record/threshold.hpp"

#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

[[nodiscard]] std::vector<std::pair<std::string, std::string>> options_of(
    const Threshold& threshold);
[[nodiscard]] bool apply_option(Threshold& threshold, const std::string& name,
                                const std::string& value);

}  // namespace plimsoll
