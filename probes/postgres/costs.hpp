// Private to probes/postgres: pg_stat_statements asked over a connection.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/postgres/connection.hpp"
#include "probes/postgres/statements.hpp"

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::postgres {

/// `schema`: where the extension is.
[[nodiscard]] Result<Statements> ask_statements(PgConnection& connection, const std::string& schema,
                                                Clock::time_point deadline);
/// statement_facts of what happened between `before` and `after`. A text that cannot be had is left
/// out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> ask_statement_facts(
    PgConnection& connection, const std::string& schema, const Statements& before,
    const Statements& after, Clock::time_point deadline);

}  // namespace plimsoll::postgres
