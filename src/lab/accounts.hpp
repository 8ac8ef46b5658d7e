// Private to lab: registration and login, whose cost is the password hash.
#pragma once

#include "lab/route_table.hpp"

#include <vector>

namespace plimsoll {

/// POST /v1/register and /v1/login with {"name", "password"}; GET /v1/me with the token that login
/// gave, as "Authorization: Bearer TOKEN".
[[nodiscard]] std::vector<Route> account_routes();

/// Makes the table unless it exists.
[[nodiscard]] const char* account_schema();

}  // namespace plimsoll
