// Private to probes/postgres: what the probe reports.
#pragma once

#include "signal/reading.hpp"

#include <cstdint>
#include <vector>

namespace plimsoll::postgres {

/// The first ones are filled from pg_stat_activity; those after Refused come by name from the
/// counters' query.
enum Metric : std::uint32_t {
    Backends,
    UsedRatio,
    MaxConnections,
    Reserved,
    Blocked,
    LongestTransaction,
    IdleInTransaction,
    Waiting,
    Stale,
    NewBackends,
    Refused,
    FirstCounter,
};

/// By Metric, then the counters.
[[nodiscard]] std::vector<MetricDescriptor> describe_metrics();

}  // namespace plimsoll::postgres
