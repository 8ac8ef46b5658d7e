// Which tables were read from end to end, from two looks at pg_stat_user_tables.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct TableScans {
    std::string table;  // "schema.name"
    double scans = 0;   // sequential ones
    double rows = 0;    // that these have read
};
/// By the table's oid: a name may change hands.
using ScannedTables = std::map<std::string, TableScans>;

/// What was scanned between `before` and `after`: "scans.rows" of all tables, and for those of
/// which most rows were read, at most `most` of them, "scan.1.table", ".scans", ".rows",
/// ".rows_per_scan". Counters that fell (statistics reset) count from 0.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> table_scan_facts(
    const ScannedTables& before, const ScannedTables& after, std::size_t most);

}  // namespace plimsoll
