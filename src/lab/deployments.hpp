// Private to lab: the deployments API, its SQL and its table.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/database_session.hpp"
#include "lab/route_table.hpp"
#include "net/http_message.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plimsoll {

/// All statements of the API. Each holds its connection for $1 seconds in pg_sleep, inside the
/// statement: the backend is `active` for as long as a slow query would keep it, at no cost in CPU.
[[nodiscard]] std::span<const DbStatement> deployment_statements();

/// Makes the table and its indexes unless they exist, and fills it with 1,000 rows when it is
/// empty. Safe to run from several services at once.
[[nodiscard]] const char* deployment_schema();

/// A statement to run, and what its cell is answered with.
struct DbQuery {
    const DbStatement* statement = nullptr;
    std::vector<PgParam> parameters;
    HttpResponse (*render)(PgCell cell) = nullptr;
};

/// The database work a request asks for; or the answer to a request that asks for nothing the API
/// has (400, 404, 405).
[[nodiscard]] std::variant<DbQuery, HttpResponse> route_deployments(const HttpRequest& request,
                                                                    Nanoseconds hold);

/// The API as routes.
[[nodiscard]] std::vector<Route> deployment_routes();

}  // namespace plimsoll
