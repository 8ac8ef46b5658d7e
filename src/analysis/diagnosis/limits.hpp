// What each resource on a request's way could carry at most.
#pragma once

#include "analysis/diagnosis/case.hpp"
#include "analysis/result.hpp"

#include <vector>

namespace plimsoll {

/// The utilisation law (Denning and Buzen 1978): with m servers and a demand of D seconds of one of
/// them for each request, a resource carries X ≤ m / D requests per second. D is measured: what was
/// busy over what was served. One row for each resource whose size and use were measured in
/// `window`, the least first; what binds has X ≈ m / D, the others have room.
[[nodiscard]] std::vector<ResourceLimit> resource_limits(const Case& c, Window window);

}  // namespace plimsoll
