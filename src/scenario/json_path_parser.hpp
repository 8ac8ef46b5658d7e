// Private to scenario: JSONPath as text.
#pragma once

#include "base/result.hpp"
#include "scenario/json_path.hpp"

#include <string_view>
#include <vector>

namespace plimsoll {

/// See JsonPath::path.
[[nodiscard]] Result<std::vector<PathStep>> parse_json_path(std::string_view text);

}  // namespace plimsoll
