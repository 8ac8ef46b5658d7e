// Private to lab: the deployments API, its SQL and its table.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/database_pool.hpp"
#include "net/http_message.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace plimsoll {

/// All statements of the API. Each holds its connection for $1 seconds in pg_sleep, inside the
/// statement: the backend is `active` for as long as a slow query would keep it, at no cost in CPU.
[[nodiscard]] std::span<const DbStatement> deployment_statements();

/// Makes the table and its indexes unless they exist, and fills it with 1,000 rows when it is
/// empty. Safe to run from several services at once.
[[nodiscard]] const char* deployment_schema();

/// The database work a request asks for, without its responder; or the answer to a request that
/// asks for nothing the API has (400, 404, 405).
[[nodiscard]] std::variant<DbJob, HttpResponse> route_deployments(const HttpRequest& request,
                                                                  Nanoseconds hold);

/// Whether the API answers for this path.
[[nodiscard]] bool is_deployments_path(std::string_view path);

}  // namespace plimsoll
