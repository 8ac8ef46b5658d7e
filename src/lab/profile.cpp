#include "lab/profile.hpp"

#include "lab/application.hpp"
#include "lab/profile_reading.hpp"
#include "lab/profile_route.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fstream>
#include <sstream>
#include <system_error>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using namespace profile;

/// Everything the routes point to; lives as long as the application.
struct ProfileTexts {
    std::deque<ProfileStep> statements;
};

/// The statement so that its answer is one cell of JSON.
std::string wrapped(const std::string& sql, ProfileStep::Rows rows) {
    switch (rows) {
        case ProfileStep::Rows::One:
            return "WITH row_ AS (" + sql + ") SELECT row_to_json(row_) FROM row_ LIMIT 1";
        case ProfileStep::Rows::Many:
            return "WITH row_ AS (" + sql +
                   ") SELECT coalesce(json_agg(row_to_json(row_)), '[]'::json) FROM row_";
        case ProfileStep::Rows::None:
            break;
    }
    return sql;
}

class ProfileReader {
public:
    explicit ProfileReader(LabApplication& application) : application_(application) {}

    Status read_routes(const json::object& profile);

private:
    Status read_route(const json::object& entry, const std::string& where);
    Status read_step(const json::object& entry, const std::string& where, ProfileRoute& route);
    Status read_steps(const json::object& entry, const std::string& where, ProfileRoute& route);
    Status read_hash(const json::object& entry, const std::string& where, ProfileRoute& route);
    Status read_status(const json::object& entry, const std::string& where, ProfileRoute& route,
                       int& if_none);
    static std::vector<std::string> names(const ProfileRoute& route);

    LabApplication& application_;
    std::optional<json::object> auth_;
    std::shared_ptr<ProfileTexts> texts_ = std::make_shared<ProfileTexts>();
};

std::vector<std::string> ProfileReader::names(const ProfileRoute& route) {
    std::vector<std::string> all;
    for (const ProfileStep& step : route.steps) {
        all.push_back(step.name);
    }
    if (!all.empty()) {
        all.emplace_back("row");
    }
    return all;
}

Status ProfileReader::read_step(const json::object& entry, const std::string& where,
                                ProfileRoute& route) {
    ProfileStep step;
    std::string sql;
    std::string rows = "one";
    std::vector<std::string> parameters;
    step.name = fmt::format("step{}", route.steps.size() + 1);
    if (const auto status = first_of(
            {read_text(entry, where, "sql", sql, true), read_text(entry, where, "rows", rows),
             read_text(entry, where, "as", step.name),
             read_texts(entry, where, "params", parameters),
             read_int(entry, where, "none", 200, 599, step.status_if_none)});
        !status) {
        return status;
    }
    if (rows != "one" && rows != "many" && rows != "none") {
        return wrong(at(where, "rows"), "must be one, many or none");
    }
    step.rows = rows == "one"    ? ProfileStep::Rows::One
                : rows == "many" ? ProfileStep::Rows::Many
                                 : ProfileStep::Rows::None;
    step.sql = wrapped(sql, step.rows);
    step.statement = fmt::format("profile_{}", texts_->statements.size());
    const auto known = names(route);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        auto value = ProfileValue::parse(parameters[i], known);
        if (!value) {
            return wrong(fmt::format("{}.params[{}]", where, i), value.error().what,
                         value.error().hint);
        }
        step.parameters.push_back(std::move(*value));
    }
    texts_->statements.push_back(step);
    const ProfileStep& kept = texts_->statements.back();
    application_.statements.push_back({kept.statement.c_str(), kept.sql.c_str()});
    route.steps.push_back(std::move(step));
    return {};
}

Status ProfileReader::read_steps(const json::object& entry, const std::string& where,
                                 ProfileRoute& route) {
    bool auth = false;
    if (const auto status = read_flag(entry, where, "auth", auth); !status) {
        return status;
    }
    if (auth && !auth_) {
        return wrong(at(where, "auth"), "the profile has no \"auth\" that says how");
    }
    if (auth) {
        json::object step = *auth_;
        step["as"] = "auth";
        step["none"] = 401;
        step["params"] = json::array{"token"};
        if (const auto status = read_step(step, "auth", route); !status) {
            return status;
        }
    }
    if (entry.contains("sql")) {
        return read_step(entry, where, route);
    }
    const auto* steps = entry.if_contains("steps");
    if (steps == nullptr) {
        return {};
    }
    if (!steps->is_array()) {
        return wrong(at(where, "steps"), "must be a list");
    }
    for (std::size_t i = 0; i < steps->get_array().size(); ++i) {
        const std::string here = fmt::format("{}.steps[{}]", where, i);
        const auto* one = steps->get_array()[i].if_object();
        if (one == nullptr) {
            return wrong(here, "must be an object with sql");
        }
        if (const auto status =
                first_of({check_keys(*one, here, {"sql", "params", "rows", "as", "none"}),
                          read_step(*one, here, route)});
            !status) {
            return status;
        }
    }
    return {};
}

Status ProfileReader::read_hash(const json::object& entry, const std::string& where,
                                ProfileRoute& route) {
    const auto* member = entry.if_contains("hash");
    if (member == nullptr) {
        return {};
    }
    const std::string here = at(where, "hash");
    if (!member->is_object()) {
        return wrong(here, "must be an object with value, salt and iterations");
    }
    std::string value;
    std::string salt;
    int iterations = 0;
    const auto& object = member->get_object();
    if (const auto status =
            first_of({check_keys(object, here, {"value", "salt", "iterations"}),
                      read_text(object, here, "value", value, true),
                      read_text(object, here, "salt", salt, true),
                      read_int(object, here, "iterations", 1, 100'000'000, iterations)});
        !status) {
        return status;
    }
    auto from = ProfileValue::parse(value, {});
    auto grain = ProfileValue::parse(salt, {});
    if (!from || !grain) {
        return wrong(here, from ? grain.error().what : from.error().what);
    }
    route.hash = ProfileHash{std::move(*from), std::move(*grain), std::max(1, iterations)};
    return {};
}

/// "status": 201, or {"ok": 201, "none": 404, "conflict": 409, "invalid": 400}.
Status ProfileReader::read_status(const json::object& entry, const std::string& where,
                                  ProfileRoute& route, int& if_none) {
    const auto* member = entry.if_contains("status");
    if (member == nullptr || !member->is_object()) {
        return read_int(entry, where, "status", 200, 599, route.status);
    }
    const std::string here = at(where, "status");
    const auto& object = member->get_object();
    return first_of({check_keys(object, here, {"ok", "none", "conflict", "invalid"}),
                     read_int(object, here, "ok", 200, 599, route.status),
                     read_int(object, here, "none", 200, 599, if_none),
                     read_int(object, here, "conflict", 200, 599, route.status_if_conflict),
                     read_int(object, here, "invalid", 200, 599, route.status_if_invalid)});
}

Status ProfileReader::read_route(const json::object& entry, const std::string& where) {
    auto route = std::make_shared<ProfileRoute>();
    int if_none = 404;
    if (const auto status = first_of(
            {check_keys(entry, where,
                        {"method", "path", "sql", "params", "rows", "as", "steps", "auth", "hash",
                         "body", "status", "upstream", "cpu", "hold", "transaction", "call"}),
             read_text(entry, where, "method", route->method, true),
             read_text(entry, where, "path", route->path, true), read_hash(entry, where, *route),
             read_status(entry, where, *route, if_none), read_steps(entry, where, *route),
             read_time(entry, where, "upstream", route->upstream),
             read_time(entry, where, "cpu", route->cpu),
             read_time(entry, where, "hold", route->hold),
             read_time(entry, where, "call", route->call),
             read_flag(entry, where, "transaction", route->transaction)});
        !status) {
        return status;
    }
    if (entry.contains("sql")) {  // of a step in `steps` it is said there
        route->steps.back().status_if_none = if_none;
    }
    if (const auto* body = entry.if_contains("body")) {
        if (const auto status = check_shape(*body, names(*route)); !status) {
            return wrong(at(where, "body"), status.error().what, status.error().hint);
        }
        route->body = *body;
    }
    if (route->steps.empty() && !route->body && route->status != 204) {
        return wrong(where, "needs sql, steps or a body");
    }
    application_.routes.push_back(to_route(std::move(route)));
    return {};
}

Status ProfileReader::read_routes(const json::object& profile) {
    if (const auto* auth = profile.if_contains("auth")) {
        if (!auth->is_object()) {
            return wrong("auth", "must be an object with sql");
        }
        if (const auto status = check_keys(auth->get_object(), "auth", {"sql"}); !status) {
            return status;
        }
        auth_ = auth->get_object();
    }
    const auto* routes = profile.if_contains("routes");
    if (routes == nullptr || !routes->is_array() || routes->get_array().empty()) {
        return wrong("routes", "must be a list with at least one route");
    }
    for (std::size_t i = 0; i < routes->get_array().size(); ++i) {
        const std::string where = fmt::format("routes[{}]", i);
        const auto* entry = routes->get_array()[i].if_object();
        if (entry == nullptr) {
            return wrong(where, "must be an object with method and path");
        }
        if (const auto status = read_route(*entry, where); !status) {
            return status;
        }
    }
    application_.owner = texts_;
    return {};
}

Status read_pool(const json::object& profile, LabOptions& options) {
    const auto* member = profile.if_contains("pool");
    if (member == nullptr) {
        return {};
    }
    if (!member->is_object()) {
        return wrong("pool", "must be an object with size, overflow and timeout");
    }
    const auto& pool = member->get_object();
    return first_of({check_keys(pool, "pool", {"size", "overflow", "timeout"}),
                     read_int(pool, "pool", "size", 1, 500, options.pool_size),
                     read_int(pool, "pool", "overflow", 0, 500, options.pool_overflow),
                     read_time(pool, "pool", "timeout", options.pool_timeout)});
}

Status read_profile_faults(const json::object& profile, LabOptions& options) {
    std::vector<std::string> texts;
    if (const auto status = read_texts(profile, "", "faults", texts); !status) {
        return status;
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
        auto fault = LabFault::parse(texts[i]);
        if (!fault) {
            return wrong(fmt::format("faults[{}]", i), fault.error().what, fault.error().hint);
        }
        options.proxy = options.proxy || fault->name() == "network";
        options.faults.push_back(std::move(*fault));
    }
    return {};
}

Status read_object(const json::object& profile, LabOptions& options) {
    auto application = std::make_shared<LabApplication>();
    std::string name;
    options.hold = Nanoseconds(0);
    ProfileReader reader(*application);
    const auto status = first_of(
        {check_keys(profile, "",
                    {"name", "pool", "workers", "hold", "faults", "schema", "auth", "routes"}),
         read_text(profile, "", "name", name), read_pool(profile, options),
         read_int(profile, "", "workers", 1, 256, options.workers),
         read_time(profile, "", "hold", options.hold), read_profile_faults(profile, options),
         read_texts(profile, "", "schema", application->schema), reader.read_routes(profile)});
    if (status) {
        options.application = std::move(application);
    }
    return status;
}

}  // namespace

Status read_profile_text(std::string_view text, const std::string& where, LabOptions& options) {
    json::error_code problem;
    const auto value = json::parse({text.data(), text.size()}, problem);
    if (problem || !value.is_object()) {
        return wrong(where, problem ? "not valid JSON: " + problem.message()
                                    : std::string("must be a JSON object"));
    }
    const auto status = read_object(value.get_object(), options);
    return status ? Status{}
                  : Status{wrong(where + ": " + status.error().where, status.error().what,
                                 status.error().hint)};
}

Status read_profile(const std::string& file, LabOptions& options) {
    std::ifstream stream(file, std::ios::binary);
    std::stringstream text;
    if (!stream || !(text << stream.rdbuf())) {
        return wrong(file, "cannot be read: " + std::generic_category().message(errno));
    }
    return read_profile_text(text.str(), file, options);
}

}  // namespace plimsoll
