// The part of a search that a diagnosis looks at.
#pragma once

#include "analysis/capacity/find_result.hpp"
#include "analysis/run_data.hpp"

namespace plimsoll {

/// Of a search, the steps up to the first that failed: a staircase that ends where it broke. What
/// comes after goes up and down, and some of it is meant to be too much. A doubling that is far too
/// much is over within seconds, in which nothing shows where it broke: then up to the next.
[[nodiscard]] RunData searched_part(const RunData& data, const FindResult& find);

}  // namespace plimsoll
