// Private to lab: one route of a profile, and how it is carried out.
#pragma once

#include "base/clock.hpp"
#include "lab/profile_value.hpp"
#include "lab/route_table.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll {

/// One statement of a route.
struct ProfileStep {
    enum class Rows { One, Many, None };
    std::string name;       // under which its row can be referred to; the last one also as "row"
    std::string statement;  // unique among the profile's statements
    std::string sql;        // as sent: wrapped so that it answers one cell of JSON
    std::vector<ProfileValue> parameters;
    Rows rows = Rows::One;
    int status_if_none = 404;  // One: when there is no row, and the route ends there
};

struct ProfileHash {
    ProfileValue value;
    ProfileValue salt;
    int iterations = 1;
};

struct ProfileRoute {
    std::string method;
    std::string path;
    std::vector<ProfileStep> steps;
    std::optional<ProfileHash> hash;
    std::optional<boost::json::value> body;  // the answer's shape; without it the last step's rows
    int status = 200;
    int status_if_conflict = 409;  // SQLSTATE 23...: unique, foreign key, check
    int status_if_invalid = 400;   // SQLSTATE 22...: a parameter that is no number, and the like
    Nanoseconds upstream{0};       // wait before everything else, without a connection
    Nanoseconds cpu{0};            // processor time before the database
    Nanoseconds hold{0};           // of the connection before the first step
    bool transaction = false;
    Nanoseconds call{0};  // pause inside the transaction, after the last step
};

/// The handler of a route. `route` is shared with the requests under way.
[[nodiscard]] Route to_route(std::shared_ptr<const ProfileRoute> route);

}  // namespace plimsoll
