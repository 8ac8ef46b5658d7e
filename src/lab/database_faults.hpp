// Private to lab: what planted faults add to a request's work in the database.
#pragma once

#include "base/result.hpp"
#include "lab/behaviour.hpp"
#include "lab/database_session.hpp"
#include "lab/route_table.hpp"

#include <string>

namespace plimsoll {

/// Runs `query` with what `behaviour` adds around it. `leak`: this request keeps its connection.
[[nodiscard]] Result<HttpResponse> query_with_faults(DatabaseSession& session,
                                                     const Behaviour& behaviour,
                                                     const DatabaseQuery& query, bool leak);

/// The tables a fault needs, as a script that may run again; empty when it needs none.
[[nodiscard]] std::string tables_for(const LabFault& fault);

}  // namespace plimsoll
