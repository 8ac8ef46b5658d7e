// A search's result as text, for the run file's facts.
#pragma once

#include "analysis/capacity/find_result.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// The run file's fact that holds it.
inline constexpr const char* kFindFact = "find.result";

[[nodiscard]] std::string to_json(const FindResult& result);
/// Error: not a text that to_json made.
[[nodiscard]] Result<FindResult> find_result_from(std::string_view json);

}  // namespace plimsoll
