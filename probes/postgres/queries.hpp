// The SQL that the PostgreSQL probe sends, by what the server's version has.
#pragma once

#include <string>
#include <vector>

namespace plimsoll {

/// `version` is server_version_num: 150004 is PostgreSQL 15.4. Written for 13 to 17; newer servers
/// are asked for what 17 has, less what is known to be gone.
///
/// Every statement is meant to be sent alone, in autocommit: within a transaction
/// pg_stat_activity shows one moment for ever. Each carries the comment plimsoll, by which our own
/// statements are told from the application's.

/// Client backends in groups; columns as read_groups in rows.cpp takes them.
[[nodiscard]] std::string activity_sql();

/// Counters as rows (metric, label, label, value): the metric's full name, labels in its
/// descriptor's order, NULL where it has fewer; values that the server does not keep are left out.
/// pg_stat_database of the connection's database, WAL and checkpoints (pg_stat_wal from 14;
/// pg_stat_bgwriter, from 17 pg_stat_checkpointer), pg_stat_io from 16.
[[nodiscard]] std::string counters_sql(int version);

/// Facts as rows (name, value): settings, role, database, privileges and the statements to run
/// where they are missing, the schema of pg_stat_statements.
[[nodiscard]] std::string settings_sql(int version);

/// Who waits for a lock and who holds it: at most 20 waiters, those first that have waited longest.
[[nodiscard]] std::string blockers_sql();

/// pg_stat_statements without texts, and the texts of a few. `schema` as the extension has it,
/// quoted.
[[nodiscard]] std::string statements_sql(const std::string& schema);
[[nodiscard]] std::string statement_texts_sql(const std::string& schema,
                                              const std::vector<std::string>& query_ids);

/// Rows (oid, table, sequential scans, rows that these read) of the connection's database: its
/// users' tables that were ever read so.
[[nodiscard]] std::string table_scans_sql();

/// A backend that is in a state other than active for so long is stale.
inline constexpr int kStaleAfterSeconds = 5;

}  // namespace plimsoll
