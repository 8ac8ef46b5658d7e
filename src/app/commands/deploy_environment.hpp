// What -e of `plimsoll deploy` takes along.
#pragma once

#include "base/result.hpp"

#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Names and values.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// The names of the variables that `flags`, each NAME, NAME=VALUE or @FILE with lines of these,
/// give. Error: a file that cannot be read.
[[nodiscard]] Result<std::vector<std::string>> given_variables(
    const std::vector<std::string>& flags);

/// `names` with their values here, those that are set. Error: one that no environment can have.
[[nodiscard]] Result<Environment> values_of(const std::vector<std::string>& names);

}  // namespace plimsoll
