// Where a description's operations are.
#pragma once

#include <optional>
#include <string>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// A server's origin and the path before every operation's.
struct Server {
    std::string origin;
    std::string base;
    bool operator==(const Server&) const = default;
};

/// The first of the servers that `of` (a description, a path, an operation) names, with its
/// variables' defaults; `otherwise` is what a relative URL is relative to. nullopt: it names none.
[[nodiscard]] std::optional<Server> own_server(const boost::json::value* of,
                                               const Server& otherwise);
/// A whole description's; the local machine where it says none.
[[nodiscard]] Server root_server(const boost::json::value& root);

}  // namespace plimsoll::import
