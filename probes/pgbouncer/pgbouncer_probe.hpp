// The probe of a PgBouncer.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <string>

namespace plimsoll {

struct PgbouncerProbeOptions {
    std::string dsn;  // secret; of the console, or of any database at the same address
    std::string name = "pgbouncer";
    Nanoseconds period = std::chrono::milliseconds(200);
};

/// Each reading reports, per pool {database, user},
/// - plimsoll_pgbouncer_clients_active, _clients_waiting, _servers_active, _servers_idle;
/// - plimsoll_pgbouncer_max_wait_seconds: how long the first in the queue has waited;
/// - plimsoll_pgbouncer_pool_size: server connections that the pool may have;
/// and, asked for at most once a second and repeated in between, per {database} the counters
/// plimsoll_pgbouncer_{transactions,queries}_total and
/// plimsoll_pgbouncer_{transaction,query,wait}_seconds_total (where the version counts them), and
/// plimsoll_pgbouncer_client_connections against plimsoll_pgbouncer_max_client_connections.
/// Pools that were seen go on at 0 when they are gone.
///
/// Facts: version, pool_mode, default_pool_size, reserve_pool_size, max_client_conn,
/// max_db_connections, query_wait_timeout. A lost connection is opened again by later reads, 0.1 to
/// 1 s apart. Error: the DSN cannot be read.
[[nodiscard]] Result<ProbePtr> make_pgbouncer_probe(PgbouncerProbeOptions options);

}  // namespace plimsoll
