// Private to probes/postgres: what statements and tables have cost, asked over a connection.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/postgres/connection.hpp"
#include "probes/postgres/statements.hpp"
#include "probes/postgres/table_scans.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::postgres {

/// The difference between two looks at pg_stat_statements, where the database has it, and at
/// pg_stat_user_tables.
class Costs {
public:
    using Facts = std::vector<std::pair<std::string, std::string>>;

    /// The first look, at what was not looked at yet. `schema`: where pg_stat_statements is; empty:
    /// it is not there. Returns what could not be read, as facts that say why.
    [[nodiscard]] Facts begin(PgConnection& connection, const std::string& schema,
                              Clock::time_point deadline);
    /// The second: statement_facts and table_scan_facts of what came since.
    [[nodiscard]] Facts since(PgConnection& connection, const std::string& schema,
                              Clock::time_point deadline) const;

private:
    std::optional<Statements> statements_;
    std::optional<ScannedTables> scans_;
};

}  // namespace plimsoll::postgres
