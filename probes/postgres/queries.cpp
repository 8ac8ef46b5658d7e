#include "probes/postgres/queries.hpp"

#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

constexpr int k14 = 140000;
constexpr int k16 = 160000;
constexpr int k17 = 170000;
constexpr int k18 = 180000;

/// One row per value: (metric, label, label, value) for each of `values`, over one row of `from`.
std::string unfold(std::string_view from, std::string_view values) {
    return fmt::format("SELECT v.* FROM {} CROSS JOIN LATERAL (VALUES {}) v(metric, a, b, value)",
                       from, values);
}

std::string database_counters(int version) {
    std::string values =
        "('plimsoll_pg_transactions_total', s.datname::text, 'commit', s.xact_commit::float8), "
        "('plimsoll_pg_transactions_total', s.datname, 'rollback', s.xact_rollback), "
        "('plimsoll_pg_blocks_total', s.datname, 'read', s.blks_read), "
        "('plimsoll_pg_blocks_total', s.datname, 'hit', s.blks_hit), "
        "('plimsoll_pg_block_seconds_total', s.datname, 'read', s.blk_read_time / 1000), "
        "('plimsoll_pg_block_seconds_total', s.datname, 'write', s.blk_write_time / 1000), "
        "('plimsoll_pg_temp_bytes_total', s.datname, NULL, s.temp_bytes), "
        "('plimsoll_pg_deadlocks_total', s.datname, NULL, s.deadlocks)";
    if (version >= k14) {
        values +=
            ", ('plimsoll_pg_sessions_total', s.datname, 'established', s.sessions), "
            "('plimsoll_pg_sessions_total', s.datname, 'abandoned', s.sessions_abandoned), "
            "('plimsoll_pg_sessions_total', s.datname, 'fatal', s.sessions_fatal), "
            "('plimsoll_pg_sessions_total', s.datname, 'killed', s.sessions_killed), "
            "('plimsoll_pg_session_seconds_total', s.datname, 'all', s.session_time / 1000), "
            "('plimsoll_pg_session_seconds_total', s.datname, 'active', s.active_time / 1000), "
            "('plimsoll_pg_session_seconds_total', s.datname, 'idle in transaction', "
            "s.idle_in_transaction_time / 1000)";
    }
    return unfold("pg_stat_database s", values) + " WHERE s.datname = current_database()";
}

std::string checkpoint_counters(int version) {
    // The casts give the columns of the whole union their types.
    constexpr std::string_view kBefore17 =
        "('plimsoll_pg_checkpoints_total', 'timed', NULL::text, s.checkpoints_timed::float8), "
        "('plimsoll_pg_checkpoints_total', 'requested', NULL, s.checkpoints_req), "
        "('plimsoll_pg_checkpoint_seconds_total', 'write', NULL, s.checkpoint_write_time / 1000), "
        "('plimsoll_pg_checkpoint_seconds_total', 'sync', NULL, s.checkpoint_sync_time / 1000), "
        "('plimsoll_pg_checkpoint_buffers_total', NULL, NULL, s.buffers_checkpoint)";
    constexpr std::string_view kFrom17 =
        "('plimsoll_pg_checkpoints_total', 'timed', NULL::text, s.num_timed::float8), "
        "('plimsoll_pg_checkpoints_total', 'requested', NULL, s.num_requested), "
        "('plimsoll_pg_checkpoint_seconds_total', 'write', NULL, s.write_time / 1000), "
        "('plimsoll_pg_checkpoint_seconds_total', 'sync', NULL, s.sync_time / 1000), "
        "('plimsoll_pg_checkpoint_buffers_total', NULL, NULL, s.buffers_written)";
    return version >= k17 ? unfold("pg_stat_checkpointer s", kFrom17)
                          : unfold("pg_stat_bgwriter s", kBefore17);
}

std::string wal_counters(int version) {
    std::string values =
        "('plimsoll_pg_wal_bytes_total', NULL::text, NULL::text, s.wal_bytes::float8)";
    if (version < k18) {  // moved to pg_stat_io there
        values +=
            ", ('plimsoll_pg_wal_operations_total', 'write', NULL, s.wal_write), "
            "('plimsoll_pg_wal_operations_total', 'sync', NULL, s.wal_sync), "
            "('plimsoll_pg_wal_seconds_total', 'write', NULL, s.wal_write_time / 1000), "
            "('plimsoll_pg_wal_seconds_total', 'sync', NULL, s.wal_sync_time / 1000)";
    }
    return unfold("pg_stat_wal s", values);
}

std::string io_counters() {
    return unfold(
        "(SELECT CASE backend_type WHEN 'client backend' THEN 'client' ELSE 'other' END AS who, "
        "sum(reads) AS reads, sum(writes) AS writes, sum(extends) AS extends, "
        "sum(fsyncs) AS fsyncs, sum(read_time) AS read_time, sum(write_time) AS write_time, "
        "sum(extend_time) AS extend_time, sum(fsync_time) AS fsync_time FROM pg_stat_io "
        "GROUP BY 1) s",
        "('plimsoll_pg_io_operations_total', s.who, 'read', s.reads::float8), "
        "('plimsoll_pg_io_operations_total', s.who, 'write', s.writes), "
        "('plimsoll_pg_io_operations_total', s.who, 'extend', s.extends), "
        "('plimsoll_pg_io_operations_total', s.who, 'fsync', s.fsyncs), "
        "('plimsoll_pg_io_seconds_total', s.who, 'read', s.read_time / 1000), "
        "('plimsoll_pg_io_seconds_total', s.who, 'write', s.write_time / 1000), "
        "('plimsoll_pg_io_seconds_total', s.who, 'extend', s.extend_time / 1000), "
        "('plimsoll_pg_io_seconds_total', s.who, 'fsync', s.fsync_time / 1000)");
}

}  // namespace

std::string activity_sql() {
    // backend_type is NULL where the role may not see a backend's state (not only state and
    // wait_event): asking for 'client backend' alone would make everybody else's connections
    // vanish. Those with a database and a user are client backends, but for a background worker
    // now and then.
    // Grouped first, and named and subtracted afterwards: the planner drops the view's joins for
    // names that it need not give, and of some hundred rows only a few pay for intervals.
    // pg_stat_database names databases because pg_database itself may be closed to us.
    return fmt::format(
        "SELECT /* plimsoll */ "
        "coalesce((SELECT d.datname FROM pg_stat_database d WHERE d.datid = g.datid)::text, ''), "
        "coalesce(pg_get_userbyid(g.usesysid)::text, ''), "
        "app, state, wait_event_type, wait_event, app = 'plimsoll', hidden, backends, "
        "extract(epoch FROM clock_timestamp() - xact_start)::float8, "
        "extract(epoch FROM clock_timestamp() - state_change)::float8, stale, fresh "
        "FROM (SELECT datid, usesysid, coalesce(application_name, '') AS app, state, "
        "wait_event_type, wait_event, backend_type IS NULL AS hidden, count(*) AS backends, "
        "min(xact_start) AS xact_start, min(state_change) AS state_change, "
        "count(*) FILTER (WHERE state <> 'active' AND state_change < statement_timestamp() - "
        "interval '{} s') AS stale, "
        "count(*) FILTER (WHERE backend_start > statement_timestamp() - interval '1 s') AS fresh "
        "FROM pg_stat_activity WHERE backend_type = 'client backend' "
        "OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL) "
        "GROUP BY datid, usesysid, app, state, wait_event_type, wait_event, hidden) g",
        kStaleAfterSeconds);
}

std::string counters_sql(int version) {
    std::string sql = database_counters(version);
    sql += " UNION ALL " + checkpoint_counters(version);
    if (version >= k14) {
        sql += " UNION ALL " + wal_counters(version);
    }
    if (version >= k16) {
        sql += " UNION ALL " + io_counters();
    }
    return "SELECT /* plimsoll */ * FROM (" + sql + ") c WHERE value IS NOT NULL";
}

std::string settings_sql(int version) {
    // reset_val: what applies to others, not what this session has set for itself.
    std::string sql =
        "SELECT /* plimsoll */ name, reset_val FROM pg_settings WHERE name IN ('server_version', "
        "'server_version_num', 'max_connections', 'superuser_reserved_connections', "
        "'reserved_connections', 'idle_in_transaction_session_timeout', 'statement_timeout', "
        "'synchronous_commit', 'track_io_timing') "
        "UNION ALL SELECT 'database', current_database()::text "
        "UNION ALL SELECT 'role', current_user::text "
        "UNION ALL SELECT 'in_recovery', pg_is_in_recovery()::text "
        "UNION ALL SELECT 'missing_grant', 'GRANT pg_monitor TO ' || quote_ident(current_user) "
        "WHERE NOT pg_has_role('pg_read_all_stats', 'usage') "
        "UNION ALL SELECT 'statements_schema', quote_ident(n.nspname) FROM pg_extension e "
        "JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements' ";
    const char* const superuser = "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)";
    if (version >= k16) {
        sql += fmt::format(
            "UNION ALL SELECT 'reserved_slots', CASE WHEN {0} THEN 'usable: superuser' "
            "WHEN pg_has_role('pg_use_reserved_connections', 'usage') "
            "THEN 'usable: pg_use_reserved_connections' ELSE 'not usable' END "
            "UNION ALL SELECT 'missing_slot_grant', 'GRANT pg_use_reserved_connections TO ' || "
            "quote_ident(current_user) WHERE NOT {0} "
            "AND NOT pg_has_role('pg_use_reserved_connections', 'usage') "
            "AND current_setting('reserved_connections')::int > 0",
            superuser);
    } else {
        sql += fmt::format(
            "UNION ALL SELECT 'reserved_slots', CASE WHEN {} THEN 'usable: superuser' "
            "ELSE 'not usable' END",
            superuser);
    }
    return sql;
}

std::string blockers_sql() {
    // One look at all backends serves both ends.
    return "WITH a AS MATERIALIZED (SELECT pid, application_name, state, wait_event_type, "
           "xact_start, state_change, query FROM pg_stat_activity) "
           "SELECT /* plimsoll */ w.pid, b.pid, coalesce(b.application_name, ''), "
           "coalesce(b.state, ''), coalesce(b.wait_event_type, '') = 'Lock', "
           "extract(epoch FROM clock_timestamp() - b.xact_start)::float8, "
           "coalesce(left(b.query, 500), ''), coalesce(left(w.query, 500), '') "
           "FROM (SELECT pid, query FROM a WHERE wait_event_type = 'Lock' "
           "ORDER BY state_change LIMIT 20) w "
           "CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) x(pid) "
           "JOIN a b ON b.pid = x.pid";
}

std::string statements_sql(const std::string& schema) {
    return fmt::format(
        "SELECT /* plimsoll */ queryid::text, sum(calls)::float8, "
        "sum(total_exec_time)::float8 / 1000, sum(rows)::float8, "
        "sum(shared_blks_hit + shared_blks_read)::float8 "
        "FROM {}.pg_stat_statements(false) WHERE queryid IS NOT NULL GROUP BY 1",
        schema);
}

std::string statement_texts_sql(const std::string& schema,
                                const std::vector<std::string>& query_ids) {
    return fmt::format(
        "SELECT /* plimsoll */ queryid::text, max(left(query, 500)) "
        "FROM {}.pg_stat_statements(true) WHERE queryid IN ({}) GROUP BY 1",
        schema, fmt::join(query_ids, ", "));
}

std::string table_scans_sql() {
    return "SELECT /* plimsoll */ relid::text, schemaname || '.' || relname, seq_scan::float8, "
           "seq_tup_read::float8 FROM pg_stat_user_tables WHERE seq_tup_read > 0";
}

}  // namespace plimsoll
