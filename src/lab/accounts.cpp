#include "lab/accounts.hpp"

#include "lab/json_answer.hpp"
#include "lab/password_hash.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace plimsoll {
namespace {

constexpr int kIterations = 1000;  // cheap; the fault password-hashing adds its own

struct Credentials {
    std::string name;
    std::string password;
};

std::optional<Credentials> read_credentials(const std::string& body) {
    boost::json::error_code problem;
    const auto value = boost::json::parse(body, problem);
    if (problem || !value.is_object()) {
        return std::nullopt;
    }
    Credentials read;
    for (auto [key, target] :
         {std::pair{"name", &read.name}, std::pair{"password", &read.password}}) {
        const auto* member = value.get_object().if_contains(key);
        const auto* text = member == nullptr ? nullptr : member->if_string();
        if (text == nullptr || text->empty() || text->size() > 200 ||
            text->find('\0') != boost::json::string::npos) {
            return std::nullopt;
        }
        target->assign(text->data(), text->size());
    }
    return read;
}

Result<HttpResponse> create_account(DatabaseSession& session, const std::string& name,
                                    const std::string& hash) {
    const auto made = session.run(
        "INSERT INTO lab_accounts (name, hash) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"
        " RETURNING json_build_object('id', id, 'name', name)",
        {name, hash});
    if (!made) {
        return made.error();
    }
    return *made ? json_answer(201, **made) : json_error(409, "this name is taken");
}

Result<HttpResponse> log_in(DatabaseSession& session, const std::string& name,
                            const std::string& hash) {
    const auto found = session.run(
        "UPDATE lab_accounts SET token = $3 WHERE name = $1 AND hash = $2"
        " RETURNING json_build_object('token', token)",
        {name, hash, random_token()});
    if (!found) {
        return found.error();
    }
    return *found ? json_answer(200, **found) : json_error(401, "wrong name or password");
}

using Answerer = Result<HttpResponse> (*)(DatabaseSession&, const std::string&, const std::string&);

RoutePlan hash_then(const RouteCall& call, Answerer answer) {
    auto who = read_credentials(call.request.body);
    if (!who) {
        return RoutePlan::reply(json_error(400, "name and password are required, as texts"));
    }
    RoutePlan plan;
    plan.compute = [who = std::move(*who), answer, extra = call.behaviour.extra_hash_iterations] {
        if (extra > 0) {
            static_cast<void>(password_hash(who.password, who.name, extra));
        }
        return RoutePlan::ask(
            [name = who.name, hash = password_hash(who.password, who.name, kIterations),
             answer](DatabaseSession& session) { return answer(session, name, hash); });
    };
    return plan;
}

RoutePlan show_me(const RouteCall& call) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string* header = find_header(call.request.headers, "Authorization");
    if (header == nullptr || !header->starts_with(kBearer)) {
        return RoutePlan::reply(json_error(401, "a token is required"));
    }
    return RoutePlan::ask([token = header->substr(kBearer.size())](
                              DatabaseSession& session) -> Result<HttpResponse> {
        const auto found = session.run(
            "SELECT json_build_object('id', id, 'name', name) FROM lab_accounts WHERE token = $1",
            {token});
        if (!found) {
            return found.error();
        }
        return *found ? json_answer(200, **found) : json_error(401, "this token is not known");
    });
}

}  // namespace

std::vector<Route> account_routes() {
    return {{"POST", "/v1/register",
             [](const RouteCall& call) { return hash_then(call, create_account); }},
            {"POST", "/v1/login", [](const RouteCall& call) { return hash_then(call, log_in); }},
            {"GET", "/v1/me", show_me}};
}

const char* account_schema() {
    return R"sql(
BEGIN;
SELECT pg_advisory_xact_lock(7267031);
CREATE TABLE IF NOT EXISTS lab_accounts (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name  text NOT NULL UNIQUE,
    hash  text NOT NULL,
    token text UNIQUE
);
COMMIT;
)sql";
}

}  // namespace plimsoll
