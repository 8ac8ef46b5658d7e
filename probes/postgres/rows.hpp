// Private to probes/postgres: the rows of queries.hpp as values.
#pragma once

#include "probes/postgres/activity.hpp"
#include "probes/postgres/blockers.hpp"
#include "probes/postgres/connection.hpp"
#include "probes/postgres/statements.hpp"
#include "probes/postgres/table_scans.hpp"
#include "signal/reading.hpp"

#include <vector>

namespace plimsoll::postgres {

/// Of activity_sql.
[[nodiscard]] std::vector<ActivityGroup> read_groups(const PgRows& rows);
/// Of blockers_sql.
[[nodiscard]] std::vector<BlockedBy> read_blockers(const PgRows& rows);
/// Of statements_sql.
[[nodiscard]] Statements read_statements(const PgRows& rows);
/// Of table_scans_sql.
[[nodiscard]] ScannedTables read_table_scans(const PgRows& rows);
/// Of counters_sql, with the numbers that the counters have in `descriptors`; a counter that is not
/// there is left out.
[[nodiscard]] std::vector<Value> read_counters(const PgRows& rows,
                                               const std::vector<MetricDescriptor>& descriptors);

}  // namespace plimsoll::postgres
