#include "probes/postgres/statement_queries.hpp"

#include "probes/postgres/queries.hpp"
#include "probes/postgres/rows.hpp"

#include <cstddef>
#include <map>

namespace plimsoll::postgres {

Result<Statements> ask_statements(PgConnection& connection, const std::string& schema,
                                  Clock::time_point deadline) {
    const auto rows = connection.query(statements_sql(schema), deadline);
    if (!rows) {
        return rows.error();
    }
    return read_statements(*rows);
}

std::vector<std::pair<std::string, std::string>> ask_statement_facts(PgConnection& connection,
                                                                     const std::string& schema,
                                                                     const Statements& before,
                                                                     const Statements& after,
                                                                     Clock::time_point deadline) {
    constexpr std::size_t kShownStatements = 10;
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

}  // namespace plimsoll::postgres
