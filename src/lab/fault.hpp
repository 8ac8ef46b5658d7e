// The faults of the demo: the few whose load and PostgreSQL it can size by itself.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/fault_catalogue.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// One planted fault: "none", "app-pool:size=5", "app-pool:size=12,hold=20ms",
/// "max-connections:limit=20".
struct FaultSpec {
    enum class Kind {
        None,            // a pool that is large enough
        AppPool,         // a pool of `pool_size`, too small for the load
        MaxConnections,  // no pool: a connection for each request, against a small max_connections
    };
    Kind kind = Kind::None;
    int pool_size = 64;               // connections the lab keeps open; unused for MaxConnections
    int limit = 15;                   // max_connections of PostgreSQL; only for MaxConnections
    std::optional<Nanoseconds> hold;  // how long a request holds its connection; else the lab's own

    /// Reads back to the same fault.
    [[nodiscard]] std::string to_string() const;
    /// What PostgreSQL's max_connections must be for this fault to be the bottleneck, with room
    /// beside the pool for reserved slots and probes.
    [[nodiscard]] int max_connections() const;
};

/// Error: as LabFault::parse, or a fault of the lab that the demo does not plant.
[[nodiscard]] Result<FaultSpec> parse_fault(std::string_view text);

}  // namespace plimsoll
