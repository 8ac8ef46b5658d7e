// The faults the lab can be started with, and how they are written.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <chrono>
#include <optional>
#include <span>
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

/// Error: an unknown fault or key (with the nearest known one as hint), a value out of range.
[[nodiscard]] Result<FaultSpec> parse_fault(std::string_view text);

/// For `--list-faults`: how it is written, and what it does in one sentence.
struct FaultDescription {
    std::string_view form;
    std::string_view summary;
};
[[nodiscard]] std::span<const FaultDescription> list_faults();

}  // namespace plimsoll
