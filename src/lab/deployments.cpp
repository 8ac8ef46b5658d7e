#include "lab/deployments.hpp"

#include "lab/json_answer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace plimsoll {
namespace {

constexpr std::string_view kRoot = "/v1/deployments";
constexpr std::array<std::string_view, 4> kStatuses = {"pending", "running", "failed", "stopped"};
constexpr std::size_t kMaxText = 200;  // bytes of a name or owner

// In each statement the pause comes first: the outer query reads the row of `hold`, and only then
// are the scalar subqueries evaluated. So a row lock taken by an UPDATE is not held through the
// pause, and requests for the same row do not queue behind one another.
#define PLIMSOLL_HOLD "WITH hold AS MATERIALIZED (SELECT pg_sleep($1::float8))"

constexpr DbStatement kList{
    "list", PLIMSOLL_HOLD
    " SELECT json_build_object('items', coalesce((SELECT json_agg(d) FROM"
    " (SELECT id, name, owner, status, created_at FROM deployments ORDER BY id DESC LIMIT 20) d),"
    " '[]'::json)) FROM hold"};
constexpr DbStatement kListByStatus{
    "list_by_status", PLIMSOLL_HOLD
    " SELECT json_build_object('items', coalesce((SELECT json_agg(d) FROM"
    " (SELECT id, name, owner, status, created_at FROM deployments WHERE status = $2::text"
    " ORDER BY id DESC LIMIT 20) d), '[]'::json)) FROM hold"};
constexpr DbStatement kGet{
    "get", PLIMSOLL_HOLD
    " SELECT (SELECT row_to_json(d) FROM (SELECT id, name, owner, status, created_at, updated_at"
    " FROM deployments WHERE id = $2::bigint) d) FROM hold"};
constexpr DbStatement kCreate{
    "create", PLIMSOLL_HOLD
    ", made AS (INSERT INTO deployments (name, owner) VALUES ($2::text, $3::text) RETURNING id)"
    " SELECT (SELECT id FROM made) FROM hold"};
constexpr DbStatement kUpdate{
    "update", PLIMSOLL_HOLD
    ", changed AS (UPDATE deployments SET name = coalesce($3::text, name),"
    " owner = coalesce($4::text, owner), status = coalesce($5::text, status), updated_at = now()"
    " WHERE id = $2::bigint RETURNING id, name, owner, status, created_at, updated_at)"
    " SELECT (SELECT row_to_json(changed) FROM changed) FROM hold"};
constexpr DbStatement kDelete{
    "delete", PLIMSOLL_HOLD
    ", removed AS (DELETE FROM deployments WHERE id = $2::bigint RETURNING id)"
    " SELECT (SELECT id FROM removed) FROM hold"};

#undef PLIMSOLL_HOLD

constexpr std::array<DbStatement, 6> kStatements = {kList,   kListByStatus, kGet,
                                                    kCreate, kUpdate,       kDelete};

HttpResponse not_found() {
    return json_error(404, "there is no deployment with this id");
}

HttpResponse method_not_allowed(std::string_view allowed) {
    auto response = json_error(405, "this path answers only " + std::string(allowed));
    response.headers.push_back({"Allow", std::string(allowed)});
    return response;
}

HttpResponse render_found(PgCell cell) {
    return cell ? json_answer(200, std::move(*cell)) : not_found();
}

HttpResponse render_created(PgCell cell) {
    auto response = json_answer(201, "{\"id\":" + cell.value_or("null") + "}");
    response.headers.push_back({"Location", std::string(kRoot) + "/" + cell.value_or("")});
    return response;
}

HttpResponse render_deleted(PgCell cell) {
    HttpResponse gone;
    gone.status = 204;
    return cell ? gone : not_found();
}

DbQuery job(const DbStatement& which, Nanoseconds hold, std::vector<PgParam> parameters,
            HttpResponse (*render)(PgCell)) {
    DbQuery made;
    made.statement = &which;
    made.parameters.reserve(parameters.size() + 1);
    made.parameters.emplace_back(std::to_string(to_seconds(hold)));
    std::move(parameters.begin(), parameters.end(), std::back_inserter(made.parameters));
    made.render = render;
    return made;
}

/// The members of a request body that may be set; nothing where the body has none.
struct Fields {
    PgParam name;
    PgParam owner;
    PgParam status;
};

/// Empty text when fine, else what is wrong with it.
std::string read_member(const boost::json::object& object, std::string_view key, PgParam& value) {
    const auto* member = object.if_contains(key);
    if (member == nullptr) {
        return {};
    }
    const auto* text = member->if_string();
    if (text == nullptr || text->empty() || text->size() > kMaxText) {
        return std::string(key) + " must be a text of 1 to " + std::to_string(kMaxText) + " bytes";
    }
    if (text->find('\0') != boost::json::string::npos) {
        return std::string(key) + " must not contain a zero byte";
    }
    value.emplace(text->data(), text->size());
    return {};
}

bool is_status(std::string_view text) {
    return std::find(kStatuses.begin(), kStatuses.end(), text) != kStatuses.end();
}

std::string read_fields(const std::string& body, Fields& fields) {
    boost::json::error_code problem;
    const auto value = boost::json::parse(body, problem);
    if (problem || !value.is_object()) {
        return "the body must be a JSON object";
    }
    const auto& object = value.get_object();
    for (auto [key, target] : {std::pair{"name", &fields.name}, std::pair{"owner", &fields.owner},
                               std::pair{"status", &fields.status}}) {
        if (auto fault = read_member(object, key, *target); !fault.empty()) {
            return fault;
        }
    }
    if (fields.status && !is_status(*fields.status)) {
        return "status must be pending, running, failed or stopped";
    }
    return {};
}

std::variant<DbQuery, HttpResponse> list(const HttpRequest& request, Nanoseconds hold) {
    std::string_view query = request.query();
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.starts_with("status=")) {
            const std::string_view status = pair.substr(7);
            if (!is_status(status)) {
                return json_error(400, "status must be pending, running, failed or stopped");
            }
            return job(kListByStatus, hold, {std::string(status)}, render_found);
        }
    }
    return job(kList, hold, {}, render_found);
}

std::variant<DbQuery, HttpResponse> create(const HttpRequest& request, Nanoseconds hold) {
    Fields fields;
    if (auto fault = read_fields(request.body, fields); !fault.empty()) {
        return json_error(400, fault);
    }
    if (!fields.name || !fields.owner) {
        return json_error(400, "name and owner are required");
    }
    return job(kCreate, hold, {std::move(fields.name), std::move(fields.owner)}, render_created);
}

std::variant<DbQuery, HttpResponse> one(const HttpRequest& request, std::string_view id_text,
                                        Nanoseconds hold) {
    std::int64_t id = 0;
    const auto [end, problem] =
        std::from_chars(id_text.data(), id_text.data() + id_text.size(), id);
    if (problem != std::errc{} || end != id_text.data() + id_text.size()) {
        return json_error(400, "the id must be a whole number");
    }
    const PgParam key = std::to_string(id);
    if (request.method == "GET" || request.method == "HEAD") {
        return job(kGet, hold, {key}, render_found);
    }
    if (request.method == "DELETE") {
        return job(kDelete, hold, {key}, render_deleted);
    }
    if (request.method != "PUT") {
        return method_not_allowed("GET, PUT, DELETE");
    }
    Fields fields;
    if (auto fault = read_fields(request.body, fields); !fault.empty()) {
        return json_error(400, fault);
    }
    return job(kUpdate, hold,
               {key, std::move(fields.name), std::move(fields.owner), std::move(fields.status)},
               render_found);
}

}  // namespace

std::span<const DbStatement> deployment_statements() {
    return kStatements;
}

const char* deployment_schema() {
    return R"sql(
BEGIN;
SELECT pg_advisory_xact_lock(7267031);
CREATE TABLE IF NOT EXISTS deployments (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    owner      text NOT NULL,
    status     text NOT NULL DEFAULT 'pending'
               CHECK (status IN ('pending', 'running', 'failed', 'stopped')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS deployments_by_status ON deployments (status, id DESC);
CREATE INDEX IF NOT EXISTS deployments_by_owner ON deployments (owner);
INSERT INTO deployments (name, owner, status)
    SELECT 'deployment-' || i, 'team-' || i % 20,
           (ARRAY['pending', 'running', 'failed', 'stopped'])[1 + i % 4]
    FROM generate_series(1, 1000) AS i
    WHERE NOT EXISTS (SELECT FROM deployments);
COMMIT;
)sql";
}

std::variant<DbQuery, HttpResponse> route_deployments(const HttpRequest& request,
                                                      Nanoseconds hold) {
    const std::string_view path = request.path();
    if (path.size() > kRoot.size() + 1) {
        return one(request, path.substr(kRoot.size() + 1), hold);
    }
    if (request.method == "GET" || request.method == "HEAD") {
        return list(request, hold);
    }
    if (request.method == "POST") {
        return create(request, hold);
    }
    return method_not_allowed("GET, POST");
}

std::vector<Route> deployment_routes() {
    const auto plan = [](const RouteCall& call) {
        auto routed = route_deployments(call.request, call.behaviour.hold);
        if (auto* response = std::get_if<HttpResponse>(&routed)) {
            return RoutePlan::reply(std::move(*response));
        }
        return RoutePlan::ask([query = std::get<DbQuery>(std::move(routed))](
                                  DatabaseSession& session) -> Result<HttpResponse> {
            auto cell = session.run(*query.statement, query.parameters);
            if (!cell) {
                return cell.error();
            }
            return query.render(std::move(cell).value());
        });
    };
    std::vector<Route> routes;
    const std::string all(kRoot);
    const std::string one_of_them = all + "/{id}";
    for (const auto& [method, path] :
         {std::pair{"GET", all}, std::pair{"POST", all}, std::pair{"GET", one_of_them},
          std::pair{"PUT", one_of_them}, std::pair{"DELETE", one_of_them}}) {
        routes.push_back({method, path, plan});
    }
    return routes;
}

}  // namespace plimsoll
