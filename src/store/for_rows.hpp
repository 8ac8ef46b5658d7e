// One way to walk the rows of a query.
#pragma once

#include "base/result.hpp"
#include "store/sqlite.hpp"

#include <string_view>

namespace plimsoll {

/// Runs a query and calls `row` with the statement for each row. Error: the query cannot be made or
/// a row cannot be read; rows before it were told.
template <typename Row>
Status for_rows(const sqlite::Database& database, std::string_view sql, Row&& row) {
    auto statement = database.prepare(sql);
    if (!statement) {
        return statement.error();
    }
    while (true) {
        const auto more = statement->step();
        if (!more) {
            return more.error();
        }
        if (!more.value()) {
            return {};
        }
        row(statement.value());
    }
}

}  // namespace plimsoll
