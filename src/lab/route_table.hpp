// Private to lab: which handler answers for a method and a path.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/behaviour.hpp"
#include "lab/database_session.hpp"
#include "net/http_message.hpp"
#include "net/url_text.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// A request as a handler sees it.
struct RouteCall {
    const HttpRequest& request;
    /// What stood in the place of each {parameter}, percent-decoded, in the order of the path.
    std::vector<std::pair<std::string, std::string>> parameters;
    const Behaviour& behaviour;
};

using DatabaseQuery = std::function<Result<HttpResponse>(DatabaseSession&)>;

/// What a request comes to, step by step: first `delay` passes, then `compute` runs on a worker and
/// says how to go on, else `query` runs with a connection, else `answer` is sent.
struct RoutePlan {
    Nanoseconds delay{0};
    std::function<RoutePlan()> compute = {};
    DatabaseQuery query = {};
    HttpResponse answer = {};

    [[nodiscard]] static RoutePlan reply(HttpResponse response) {
        RoutePlan plan;
        plan.answer = std::move(response);
        return plan;
    }
    [[nodiscard]] static RoutePlan ask(DatabaseQuery query) {
        RoutePlan plan;
        plan.query = std::move(query);
        return plan;
    }
};

struct Route {
    std::string method;
    std::string path;  // "/v1/deployments/{id}"; a parameter is a whole segment
    /// Runs on an HTTP thread: must not block or throw. What it returns must not refer to the call.
    std::function<RoutePlan(const RouteCall&)> plan;
    /// Whether faults of the API apply: rate limit, upstream, processor time. Not for /health.
    bool api = true;
};

/// Threading: built first, then only read, from any thread.
class RouteTable {
public:
    struct Match {
        const Route* route = nullptr;  // null: no such route
        std::vector<std::pair<std::string, std::string>> parameters;
        std::string allowed;  // the methods of this path, when only the method is wrong
    };

    /// Error: the path is not of the form above, or the route is there already.
    [[nodiscard]] Status add(Route route);
    /// HEAD is answered by the GET route. Where several paths fit, a fixed segment wins over a
    /// parameter, from left to right.
    [[nodiscard]] Match find(std::string_view method, std::string_view path) const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        Route route;
        std::vector<std::string> segments;  // as in the path, parameters with their braces
    };
    std::vector<Entry> entries_;  // the more specific first
};

}  // namespace plimsoll
