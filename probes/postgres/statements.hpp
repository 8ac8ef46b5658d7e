// Which statements took the database's time, from two looks at pg_stat_statements.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct StatementTotals {
    double calls = 0;
    double exec_s = 0;
    double rows = 0;
    double blocks = 0;  // of shared buffers, hit or read
};
/// By query id.
using Statements = std::map<std::string, StatementTotals>;

struct TopStatement {
    std::string query_id;
    StatementTotals during;
};

/// What happened between `before` and `after`, and the statements with the most execution time, at
/// most `most` of them. A total that fell (statistics reset, entry evicted and back) counts from 0.
struct TopStatements {
    double total_s = 0;
    std::vector<TopStatement> top;
};
[[nodiscard]] TopStatements top_statements(const Statements& before, const Statements& after,
                                           std::size_t most);

/// "statements.total_s" and, per statement, "statement.1.sql", ".calls", ".total_s", ".mean_s",
/// ".rows_per_call", ".blocks_per_call". `texts` by query id; one that has none is left out, and
/// so are Plimsoll's own, known by their comment.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> statement_facts(
    const TopStatements& found, const std::map<std::string, std::string>& texts);

}  // namespace plimsoll
