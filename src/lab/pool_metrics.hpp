// Private to lab: the pool's state in the names of well-known libraries.
#pragma once

#include "lab/database_pool.hpp"
#include "lab/lab.hpp"

#include <cstdint>
#include <string>

namespace plimsoll {

/// Prometheus' text format.
[[nodiscard]] std::string metrics_text(PoolMetrics naming, const DatabasePoolState& pool,
                                       std::uint64_t requests);

}  // namespace plimsoll
