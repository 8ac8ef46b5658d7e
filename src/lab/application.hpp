// Private to lab: what the lab serves, as a value.
#pragma once

#include "lab/database_session.hpp"
#include "lab/route_table.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

struct LabApplication {
    std::vector<Route> routes;
    std::vector<std::string> schema;      // scripts, run at every start
    std::vector<DbStatement> statements;  // prepared on every connection
    std::shared_ptr<const void> owner;    // of the texts above, where they are not static
};

/// The deployments API with registration and login.
[[nodiscard]] std::shared_ptr<const LabApplication> deployments_application();

/// GET /health and GET /mem: answered without a database. For every application.
[[nodiscard]] std::vector<Route> plain_routes();

}  // namespace plimsoll
