#include "lab/deployments.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

std::variant<DbQuery, HttpResponse> route(std::string method, std::string target,
                                          std::string body = {}) {
    return route_deployments({std::move(method), std::move(target), {}, std::move(body)}, 20ms);
}

/// The statement's name and its parameters, or the status and body of a refusal.
std::string summary(std::string method, std::string target, std::string body = {}) {
    const auto routed = route(std::move(method), std::move(target), std::move(body));
    if (const auto* response = std::get_if<HttpResponse>(&routed)) {
        return std::to_string(response->status) + " " + response->body;
    }
    const auto& job = std::get<DbQuery>(routed);
    std::string text = job.statement->name;
    for (const auto& parameter : job.parameters) {
        text += "|" + parameter.value_or("NULL");
    }
    return text;
}

TEST(RouteDeployments, ChoosesTheStatement) {
    EXPECT_EQ(summary("GET", "/v1/deployments"), "list|0.020000");
    EXPECT_EQ(summary("GET", "/v1/deployments?page=2&status=running"),
              "list_by_status|0.020000|running");
    EXPECT_EQ(summary("GET", "/v1/deployments/17"), "get|0.020000|17");
    EXPECT_EQ(summary("DELETE", "/v1/deployments/17"), "delete|0.020000|17");
    EXPECT_EQ(summary("POST", "/v1/deployments", R"({"name":"a","owner":"b"})"),
              "create|0.020000|a|b");
    EXPECT_EQ(summary("PUT", "/v1/deployments/17", R"({"status":"failed"})"),
              "update|0.020000|17|NULL|NULL|failed");
}

TEST(RouteDeployments, RefusesWhatItCannotServe) {
    EXPECT_EQ(summary("GET", "/v1/deployments?status=lost"),
              R"(400 {"error":"status must be pending, running, failed or stopped"})");
    EXPECT_EQ(summary("GET", "/v1/deployments/abc"),
              R"(400 {"error":"the id must be a whole number"})");
    EXPECT_EQ(summary("GET", "/v1/deployments/99999999999999999999"),
              R"(400 {"error":"the id must be a whole number"})");
    EXPECT_EQ(summary("POST", "/v1/deployments", "[1]"),
              R"(400 {"error":"the body must be a JSON object"})");
    EXPECT_EQ(summary("POST", "/v1/deployments", R"({"name":"a"})"),
              R"(400 {"error":"name and owner are required"})");
    EXPECT_EQ(summary("POST", "/v1/deployments", R"({"name":"","owner":"b"})"),
              R"(400 {"error":"name must be a text of 1 to 200 bytes"})");
    EXPECT_EQ(summary("POST", "/v1/deployments", R"({"name":"a\u0000","owner":"b"})"),
              R"(400 {"error":"name must not contain a zero byte"})");
    EXPECT_EQ(summary("PATCH", "/v1/deployments"),
              R"(405 {"error":"this path answers only GET, POST"})");
    EXPECT_EQ(summary("POST", "/v1/deployments/1"),
              R"(405 {"error":"this path answers only GET, PUT, DELETE"})");
}

TEST(RouteDeployments, RendersRowsAndTheirAbsence) {
    const auto routed = route("GET", "/v1/deployments/17");
    const auto& job = std::get<DbQuery>(routed);
    EXPECT_EQ(job.render("{\"id\":17}").body, "{\"id\":17}");
    EXPECT_EQ(job.render(std::nullopt).status, 404);
    const auto created = route("POST", "/v1/deployments", R"({"name":"a","owner":"b"})");
    const auto response = std::get<DbQuery>(created).render("1001");
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.body, "{\"id\":1001}");
    EXPECT_EQ(*find_header(response.headers, "Location"), "/v1/deployments/1001");
}

}  // namespace
}  // namespace plimsoll
