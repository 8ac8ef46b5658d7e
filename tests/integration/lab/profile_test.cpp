// Applications from profile files, used by a plain client.
#include "lab/profile.hpp"

#include "fault_fixture.hpp"
#include "tests/support/temp_folder.hpp"

#include <filesystem>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kProfile = R"json({
  "name": "groups",
  "pool": {"size": 6, "timeout": "1s"},
  "faults": ["slow-upstream:delay=1ms"],
  "schema": [
    "CREATE TABLE IF NOT EXISTS users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE NOT NULL, hash text NOT NULL, token text)",
    "CREATE TABLE IF NOT EXISTS groups (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner bigint NOT NULL, name text NOT NULL, size int NOT NULL, made timestamptz NOT NULL DEFAULT clock_timestamp())"
  ],
  "auth": {"sql": "SELECT id, name FROM users WHERE token = $1"},
  "routes": [
    {"method": "GET", "path": "/status", "body": {"up": true, "echo": "$query.q=none", "price": "$$5"}},
    {"method": "POST", "path": "/users", "hash": {"value": "body.password", "salt": "body.name", "iterations": 1000},
     "sql": "INSERT INTO users (name, hash) VALUES ($1, $2) RETURNING id, name", "params": ["body.name", "hash"], "status": 201},
    {"method": "POST", "path": "/login", "hash": {"value": "body.password", "salt": "body.name", "iterations": 1000},
     "sql": "UPDATE users SET token = $3 WHERE name = $1 AND hash = $2 RETURNING token", "params": ["body.name", "hash", "random"],
     "status": {"ok": 200, "none": 401}, "body": {"token": "$row.token", "kind": "bearer"}},
    {"method": "POST", "path": "/groups", "auth": true, "sql": "INSERT INTO groups (owner, name, size) VALUES ($1, $2, $3) RETURNING id, name, size",
     "params": ["auth.id", "body.name", "body.size=3"], "status": 201},
    {"method": "GET", "path": "/groups", "auth": true, "rows": "many", "sql": "SELECT id, name FROM groups WHERE owner = $1 ORDER BY id LIMIT $2",
     "params": ["auth.id", "query.limit=10"], "body": {"items": "$row", "owner": "$auth.name"}},
    {"method": "GET", "path": "/groups/{id}", "params": ["path.id"],
     "sql": "SELECT id, CASE WHEN clock_timestamp() - made > interval '300 ms' THEN 'running' ELSE 'pending' END AS status FROM groups WHERE id = $1::bigint"},
    {"method": "GET", "path": "/groups/newest", "sql": "SELECT max(id) AS id FROM groups"},
    {"method": "POST", "path": "/groups/{id}/grow", "transaction": true, "steps": [
       {"sql": "SELECT size FROM groups WHERE id = $1::bigint FOR UPDATE", "params": ["path.id"], "as": "old", "none": 410},
       {"sql": "UPDATE groups SET size = $2::int + $3::int WHERE id = $1::bigint RETURNING size", "params": ["path.id", "old.size", "body.by"], "as": "new"}],
     "body": {"from": "$old.size", "to": "$new.size"}},
    {"method": "DELETE", "path": "/groups/{id}", "sql": "DELETE FROM groups WHERE id = $1::bigint RETURNING id", "params": ["path.id"], "status": 204}
  ]
})json";

class ProfileTest : public FaultProcessTest {
protected:
    void start() {
        const std::string file = folder_.write("profile.json", kProfile);
        launch({"--profile", file});
    }
    [[nodiscard]] std::string said(const std::string& method, const std::string& target,
                                   const std::string& body = {}) const {
        HttpAsk question{method, target, {}, body};
        if (!token_.empty()) {
            question.headers.emplace_back("Authorization", "Bearer " + token_);
        }
        const auto answer = exchange(port_, question);
        return answer ? std::to_string(answer->status) + " " + answer->body : "nothing";
    }

    TempFolder folder_;
    std::string token_;
};

TEST_F(ProfileTest, ServesRegistrationLoginAndWhatATokenOwns) {
    start();
    EXPECT_EQ(said("GET", "/status?q=a%20b"), R"(200 {"up":true,"echo":"a b","price":"$5"})");
    EXPECT_EQ(said("GET", "/status"), R"(200 {"up":true,"echo":"none","price":"$5"})");
    EXPECT_EQ(said("GET", "/health"), R"(200 {"status":"ok"})");
    const std::string who = R"({"name":"ada","password":"secret"})";
    EXPECT_EQ(said("POST", "/users", who), R"(201 {"id":1,"name":"ada"})");
    EXPECT_EQ(said("POST", "/users", who).substr(0, 3), "409");
    EXPECT_EQ(said("POST", "/users", R"({"name":"bob"})"),
              R"(400 {"error":"body.password is missing"})");
    EXPECT_EQ(said("POST", "/login", R"({"name":"ada","password":"no"})").substr(0, 3), "401");
    EXPECT_EQ(said("GET", "/groups"), R"(401 {"error":"token is missing"})");
    const auto login = said("POST", "/login", who);
    ASSERT_EQ(login.substr(0, 4), "200 ");
    token_ = std::string(boost::json::parse(login.substr(4)).at("token").as_string());
    EXPECT_EQ(token_.size(), 32U);
    EXPECT_EQ(said("POST", "/groups", R"({"name":"g1"})"), R"(201 {"id":1,"name":"g1","size":3})");
    EXPECT_EQ(said("POST", "/groups", R"({"name":"g2","size":8})"),
              R"(201 {"id":2,"name":"g2","size":8})");
    EXPECT_EQ(said("GET", "/groups?limit=1"),
              R"(200 {"items":[{"id":1,"name":"g1"}],"owner":"ada"})");
    EXPECT_EQ(said("GET", "/groups/newest"), R"(200 {"id":2})");
    EXPECT_EQ(said("POST", "/groups/2/grow", R"({"by":4})"), R"(200 {"from":8,"to":12})");
    EXPECT_EQ(said("POST", "/groups/9/grow", R"({"by":4})").substr(0, 3), "410");
    EXPECT_EQ(said("DELETE", "/groups/2"), "204 ");
    EXPECT_EQ(said("DELETE", "/groups/2").substr(0, 3), "404");
    EXPECT_EQ(said("GET", "/groups/x").substr(0, 3), "400");
    EXPECT_EQ(said("PATCH", "/groups/2").substr(0, 3), "405");
    token_ = "stale";
    EXPECT_EQ(said("GET", "/groups").substr(0, 3), "401");
    // The profile's pool, as PostgreSQL sees it.
    EXPECT_EQ(backends("true"), 6);
    EXPECT_THAT(control("GET", "/lab/faults").body,
                ::testing::HasSubstr("slow-upstream:delay=1ms"));
}

TEST_F(ProfileTest, ChangesWithTime) {
    start();
    ASSERT_EQ(said("POST", "/users", R"({"name":"ada","password":"x"})").substr(0, 3), "201");
    const auto login = said("POST", "/login", R"({"name":"ada","password":"x"})");
    token_ = std::string(boost::json::parse(login.substr(4)).at("token").as_string());
    ASSERT_EQ(said("POST", "/groups", R"({"name":"g1"})").substr(0, 3), "201");
    EXPECT_TRUE(eventually(
        [&] { return said("GET", "/groups/1") == R"(200 {"id":1,"status":"running"})"; }));
}

TEST_F(ProfileTest, TakesFaultsAsTheDeploymentsDo) {
    start();
    plant("lock-contention:rows=1,hold=300ms");
    {
        Clients clients(port_, {"GET", "/groups/newest", {}, {}}, 4);
        EXPECT_TRUE(eventually([&] { return backends("wait_event_type = 'Lock'") == 3; }));
    }
    remove("lock-contention");
    plant("app-pool:size=1,hold=400ms");
    Clients clients(port_, {"GET", "/groups/newest", {}, {}}, 3);
    EXPECT_TRUE(eventually([&] { return backends("wait_event = 'PgSleep'") == 1; }));
}

std::string error_in(const std::string& text) {
    LabOptions options;
    const auto status = read_profile_text(text, "p.json", options);
    return status ? "accepted" : status.error().to_string();
}

TEST(ReadProfile, NamesThePlaceOfAnError) {
    EXPECT_EQ(error_in("[]"), "p.json: must be a JSON object");
    EXPECT_EQ(error_in("{}"), "p.json: routes: must be a list with at least one route");
    EXPECT_EQ(error_in(R"({"rutes": []})"),
              "p.json: rutes: unknown key (known: name, pool, workers, hold, faults, schema, auth, "
              "routes)");
    EXPECT_EQ(error_in(R"({"routes": [{"method": "GET"}]})"),
              "p.json: routes[0].path: is required");
    EXPECT_EQ(error_in(R"({"routes": [{"method": "GET", "path": "/x"}]})"),
              "p.json: routes[0]: needs sql, steps or a body");
    EXPECT_EQ(error_in(R"({"routes": [{"method": "GET", "path": "/x", "sql": "SELECT 1", )"
                       R"("params": ["cookie.a"]}]})"),
              "p.json: routes[0].params[0]: \"cookie.a\" is no source of a value (path.NAME, "
              "query.NAME, header.NAME, body.NAME, token, hash, random, or STEP.COLUMN of an "
              "earlier step)");
    EXPECT_EQ(error_in(R"({"hold": "5", "routes": [{"method": "GET", "path": "/x", "body": 1}]})")
                  .substr(0, 13),
              "p.json: hold:");
    EXPECT_EQ(error_in(R"({"faults": ["app-pol"], "routes": [{"method": "GET", "path": "/x", )"
                       R"("body": 1}]})"),
              "p.json: faults[0]: unknown fault \"app-pol\" (did you mean `app-pool`?)");
    EXPECT_EQ(error_in(R"({"routes": [{"method": "GET", "path": "/x", "body": "$nothing"}]})")
                  .substr(0, 53),
              "p.json: routes[0].body: \"nothing\" is no source of a v");
    EXPECT_EQ(error_in(R"({"routes": [{"method": "GET", "path": "/x", "body": {"a": 1}}]})"),
              "accepted");
    EXPECT_EQ(error_in(R"({"pool": {"size": 0}, "routes": [{"method": "GET", "path": "/", )"
                       R"("body": 1}]})"),
              "p.json: pool.size: must be a whole number from 1 to 500");
}

}  // namespace
}  // namespace plimsoll::test
