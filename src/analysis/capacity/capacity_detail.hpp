// What a search's steps show beside its answer: the curve, the margins, and what would bind next.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

#include <vector>

namespace plimsoll {

/// `findings` are of the steps up to the first that failed; the first says what binds. What would
/// bind next is the resource whose size over its demand per request (the utilisation law) is least
/// once the one that binds is out of the way; or that one again at the size that its finding
/// recommends. A prediction: demand per request is taken to stay what it was.
[[nodiscard]] CapacityDetail capacity_detail(const RunData& data, const FindResult& find,
                                             const std::vector<Finding>& findings);

}  // namespace plimsoll
