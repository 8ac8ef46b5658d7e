// The probe of a PostgreSQL server.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/postgres/refusals.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace plimsoll {

struct PostgresProbeOptions {
    std::string dsn;  // secret; connect directly, not through a pooler
    std::string name = "postgres";
    Nanoseconds period = std::chrono::milliseconds(200);
    /// A second connection, opened at the start too. When the first is lost or hangs, reading goes
    /// on over it in the same read, although a full server would let nobody in. Costs one slot.
    bool spare = true;
    /// Shared with canaries that connect to the same server, so that all refusals appear in one
    /// series, which this probe reports. Made when not given.
    std::shared_ptr<Refusals> refusals;
};

/// Each reading runs one statement over pg_stat_activity and reports
/// - plimsoll_pg_backends: client backends by label set, Plimsoll's own left out (BackendSeries);
/// - plimsoll_pg_connections_used_ratio: all client backends, Plimsoll's own included, over the
///   slots that a role without privileges can get: max_connections − superuser_reserved_connections
///   − reserved_connections (PostgreSQL 16 and later). Above 1 when privileged roles hold reserved
///   slots;
/// - plimsoll_pg_max_connections; plimsoll_pg_reserved_connections (the sum of both settings);
/// - plimsoll_pg_blocked_backends, _longest_transaction_seconds, _idle_in_transaction_seconds
///   (longest time in that state): 0 where there is none; left out while the role may not see
///   some backend's state;
/// - plimsoll_pg_transactions_total of the DSN's database, asked for at most once a second and
///   repeated in between;
/// - plimsoll_pg_connection_refused_total by SQLSTATE, of our own connects.
///
/// Start connects (and the spare), and reads settings and privileges. A role without pg_monitor is
/// no error: `facts()` then has "missing_grant" with the statement to run, and what the role
/// cannot see is counted as state "hidden". Other facts: server_version, role, database,
/// max_connections and the settings that diagnosis needs.
///
/// A lost connection is opened again by later reads, 0.1 to 1 s apart. Error: the DSN cannot be
/// read (the only one this function gives; connecting is start's business).
[[nodiscard]] Result<ProbePtr> make_postgres_probe(PostgresProbeOptions options);

/// What every connection of Plimsoll to a server it looks at sets: a statement that cannot hang, no
/// locks, no writes.
inline constexpr const char* kPgSessionSettings =
    "SET statement_timeout = '1s'; SET lock_timeout = '100ms'; "
    "SET default_transaction_read_only = on; SET jit = off;";

}  // namespace plimsoll
