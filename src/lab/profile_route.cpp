#include "lab/profile_route.hpp"

#include "lab/json_answer.hpp"
#include "lab/password_hash.hpp"
#include "lab/service.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;
using RoutePtr = std::shared_ptr<const ProfileRoute>;

json::value parsed(const std::string& text) {
    json::error_code problem;
    auto value = json::parse(text, problem);
    return problem ? json::value(nullptr) : std::move(value);
}

HttpResponse missing(const Error& error) {
    const int status = error.where == "token" ? 401 : 400;
    return json_error(status, error.where + " " + error.what);
}

std::string reason(int status) {
    return std::string(reason_phrase(status));
}

/// The answer when all steps went well. `last`: the last step's cell, JSON already.
HttpResponse success(const ProfileRoute& route, const ProfileRequest& request, std::string last) {
    if (route.status == 204) {
        HttpResponse empty;
        empty.status = 204;
        return empty;
    }
    if (route.body) {
        return json_answer(route.status, json::serialize(fill_shape(*route.body, request)));
    }
    return json_answer(route.status, last.empty() ? "{}" : std::move(last));
}

/// A failed statement as an answer where the profile knows one, else the Error.
Result<HttpResponse> failure(const ProfileRoute& route, const Error& error,
                             const std::string& sqlstate) {
    if (sqlstate.starts_with("23")) {
        return json_error(route.status_if_conflict, reason(route.status_if_conflict));
    }
    if (sqlstate.starts_with("22")) {
        return json_error(route.status_if_invalid, reason(route.status_if_invalid));
    }
    return error;
}

Result<HttpResponse> run_steps(DatabaseSession& session, const ProfileRoute& route,
                               ProfileRequest& request) {
    std::string last;
    for (const ProfileStep& step : route.steps) {
        std::vector<PgParam> parameters;
        for (const ProfileValue& value : step.parameters) {
            auto read = value.read(request);
            if (!read) {
                return missing(read.error());
            }
            parameters.push_back(std::move(read).value());
        }
        const DbStatement statement{step.statement.c_str(), step.sql.c_str()};
        auto cell = session.run(statement, parameters);
        if (!cell) {
            return failure(route, cell.error(), session.sqlstate());
        }
        if (step.rows == ProfileStep::Rows::One && !*cell) {
            return json_error(step.status_if_none, reason(step.status_if_none));
        }
        last = step.rows == ProfileStep::Rows::None ? std::string{} : cell->value_or("");
        // A step of One row may be referred to by its columns, Many only as a whole.
        if (step.rows != ProfileStep::Rows::None) {
            request.rows[step.name] = parsed(last);
            request.rows["row"] = request.rows[step.name];
        }
    }
    return success(route, request, std::move(last));
}

Result<HttpResponse> run_route(DatabaseSession& session, const ProfileRoute& route,
                               ProfileRequest request, Nanoseconds hold) {
    if (hold > Nanoseconds(0)) {
        const auto held =
            session.run("SELECT pg_sleep($1::float8)", {std::to_string(to_seconds(hold))});
        if (!held) {
            return held.error();
        }
    }
    const bool transaction = route.transaction || route.call > Nanoseconds(0);
    if (!transaction) {
        return run_steps(session, route, request);
    }
    if (const auto begun = session.script("BEGIN"); !begun) {
        return begun.error();
    }
    auto answer = run_steps(session, route, request);
    const bool keep = answer && answer->status < 400;
    if (keep) {
        session.pause(route.call);
    }
    const auto ended = session.script(keep ? "COMMIT" : "ROLLBACK");
    return answer && !ended ? Result<HttpResponse>(ended.error()) : std::move(answer);
}

RoutePlan after_computing(const RoutePtr& route, ProfileRequest request, Nanoseconds hold) {
    if (route->steps.empty()) {
        return RoutePlan::reply(success(*route, request, {}));
    }
    return RoutePlan::ask([route, request = std::move(request), hold](DatabaseSession& session) {
        return run_route(session, *route, request, hold);
    });
}

RoutePlan compute(const RoutePtr& route, ProfileRequest request, Nanoseconds hold, int extra) {
    burn_cpu(route->cpu);
    if (route->hash) {
        const auto value = route->hash->value.read(request);
        const auto salt = route->hash->salt.read(request);
        if (!value || !salt) {
            return RoutePlan::reply(missing(value ? salt.error() : value.error()));
        }
        const std::string text = value->value_or("");
        const std::string grain = salt->value_or("");
        request.hash = password_hash(text, grain, route->hash->iterations);
        if (extra > 0) {  // the fault password-hashing
            static_cast<void>(password_hash(text, grain, extra));
        }
    }
    return after_computing(route, std::move(request), hold);
}

}  // namespace

Route to_route(std::shared_ptr<const ProfileRoute> route) {
    Route made;
    made.method = route->method;
    made.path = route->path;
    made.plan = [route](const RouteCall& call) {
        ProfileRequest request;
        request.path = call.parameters;
        request.http = call.request;
        request.body = parsed(call.request.body);
        const Nanoseconds hold = route->hold + call.behaviour.hold;
        RoutePlan plan;
        if (route->hash || route->cpu > Nanoseconds(0)) {
            plan.compute = [route, request = std::move(request), hold,
                            extra = call.behaviour.extra_hash_iterations] {
                return compute(route, request, hold, extra);
            };
        } else {
            plan = after_computing(route, std::move(request), hold);
        }
        plan.delay = route->upstream;
        return plan;
    };
    return made;
}

}  // namespace plimsoll
