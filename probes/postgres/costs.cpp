#include "probes/postgres/costs.hpp"

#include "probes/postgres/queries.hpp"
#include "probes/postgres/rows.hpp"

#include <cstddef>
#include <map>

namespace plimsoll::postgres {
namespace {

constexpr std::size_t kShownStatements = 10;
constexpr std::size_t kShownTables = 5;

Result<Statements> ask_statements(PgConnection& connection, const std::string& schema,
                                  Clock::time_point deadline) {
    const auto rows = connection.query(statements_sql(schema), deadline);
    if (!rows) {
        return rows.error();
    }
    return read_statements(*rows);
}

Result<ScannedTables> ask_scans(PgConnection& connection, Clock::time_point deadline) {
    const auto rows = connection.query(table_scans_sql(), deadline);
    if (!rows) {
        return rows.error();
    }
    return read_table_scans(*rows);
}

/// A text that cannot be had is left out.
Costs::Facts top_facts(PgConnection& connection, const std::string& schema,
                       const Statements& before, const Statements& after,
                       Clock::time_point deadline) {
    const TopStatements found = top_statements(before, after, kShownStatements);
    std::vector<std::string> ids;
    for (const TopStatement& each : found.top) {
        ids.push_back(each.query_id);
    }
    std::map<std::string, std::string> texts;
    if (!ids.empty()) {
        const auto rows = connection.query(statement_texts_sql(schema, ids), deadline);
        for (int row = 0; rows && row < rows->size(); ++row) {
            texts.emplace(rows->text(row, 0), rows->text(row, 1));
        }
    }
    return statement_facts(found, texts);
}

}  // namespace

Costs::Facts Costs::begin(PgConnection& connection, const std::string& schema,
                          Clock::time_point deadline) {
    Facts troubles;
    if (!statements_ && !schema.empty()) {
        if (auto statements = ask_statements(connection, schema, deadline)) {
            statements_ = std::move(*statements);
        } else {
            troubles.emplace_back("statements", "not read: " + statements.error().what);
        }
    }
    if (!scans_) {
        if (auto scans = ask_scans(connection, deadline)) {
            scans_ = std::move(*scans);
        } else {
            troubles.emplace_back("scans", "not read: " + scans.error().what);
        }
    }
    return troubles;
}

Costs::Facts Costs::since(PgConnection& connection, const std::string& schema,
                          Clock::time_point deadline) const {
    Facts facts;
    if (statements_) {
        if (const auto after = ask_statements(connection, schema, deadline)) {
            facts = top_facts(connection, schema, *statements_, *after, deadline);
        } else {
            facts.emplace_back("statements", "not read at the end: " + after.error().what);
        }
    }
    if (scans_) {
        if (const auto after = ask_scans(connection, deadline)) {
            const Facts scanned = table_scan_facts(*scans_, *after, kShownTables);
            facts.insert(facts.end(), scanned.begin(), scanned.end());
        } else {
            facts.emplace_back("scans", "not read at the end: " + after.error().what);
        }
    }
    return facts;
}

}  // namespace plimsoll::postgres
