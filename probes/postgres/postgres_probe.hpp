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
/// - plimsoll_pg_backends, _waiting_backends, _stale_backends: client backends by label set,
///   Plimsoll's own left out (ActivitySeries);
/// - plimsoll_pg_connections_used_ratio: all client backends, Plimsoll's own included, over the
///   slots that a role without privileges can get: max_connections − superuser_reserved_connections
///   − reserved_connections (PostgreSQL 16 and later). Above 1 when privileged roles hold reserved
///   slots;
/// - plimsoll_pg_max_connections; plimsoll_pg_reserved_connections (the sum of both settings);
/// - plimsoll_pg_blocked_backends, _longest_transaction_seconds, _idle_in_transaction_seconds
///   (longest time in that state), _new_backends: 0 where there is none; left out while the role
///   may not see some backend's state;
/// - the counters of pg_stat_database for the DSN's database, of WAL, checkpoints and I/O as far as
///   the server's version has them (counters_sql), asked for at most once a second and repeated in
///   between;
/// - plimsoll_pg_connection_refused_total by SQLSTATE, of our own connects.
///
/// While a backend waits for a lock, who holds it is asked at most once a second: a new pair of
/// statements is a note, all of them are facts after `finish` (BlockerTally). With
/// pg_stat_statements in the database, the statements that took the most time between start and
/// finish are facts too (statement_facts); always, the tables that were read from end to end
/// meanwhile (table_scan_facts).
///
/// Start connects (and the spare), and reads settings and privileges. A role without pg_monitor is
/// no error: `facts()` then has "missing_grant" with the statement to run, and what the role
/// cannot see is counted as state "hidden"; a change during the run is a note. Other facts:
/// server_version, role, database, max_connections and the settings that diagnosis needs,
/// in_recovery, reserved_slots (whether this role may use them; where a GRANT would let it,
/// "missing_slot_grant").
///
/// A lost connection is opened again by later reads, 0.1 to 1 s apart. A read takes at most 80 % of
/// the time to its deadline, and next to none while an answer is outstanding: a server that hangs
/// costs the probes on the same thread nothing. Error: the DSN cannot be read (the only one this
/// function gives; connecting is start's business).
[[nodiscard]] Result<ProbePtr> make_postgres_probe(PostgresProbeOptions options);

/// What every connection of Plimsoll to a server it looks at sets: a statement that cannot hang, no
/// locks, no writes.
inline constexpr const char* kPgSessionSettings =
    "SET statement_timeout = '1s'; SET lock_timeout = '100ms'; "
    "SET default_transaction_read_only = on; SET jit = off;";

}  // namespace plimsoll
