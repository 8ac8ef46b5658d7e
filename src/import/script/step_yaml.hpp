// Private to the plan's writer: steps as YAML.
#pragma once

#include "import/script/plan.hpp"

namespace plimsoll::import::script {

/// A list; each step's mark is its number in `order`, which grows, from 1 on.
[[nodiscard]] Yaml steps_yaml(const Steps& steps, std::vector<Step*>& order);
/// Whether something is left of them beside remarks.
[[nodiscard]] bool does_something(const Steps& steps);
/// Requests that are left, at any depth.
[[nodiscard]] std::size_t count_requests(const Steps& steps);
/// Nothing of the input may end a comment.
[[nodiscard]] std::string one_line(std::string text);

}  // namespace plimsoll::import::script
