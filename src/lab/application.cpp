#include "lab/application.hpp"

#include "lab/accounts.hpp"
#include "lab/deployments.hpp"
#include "lab/json_answer.hpp"

namespace plimsoll {
namespace {

// About 100 bytes, the size of a small API answer.
constexpr std::string_view kMemoryBody =
    R"({"name":"plimsoll-lab","kind":"in-memory","note":"answered without a database or allocation"})";

}  // namespace

std::vector<Route> plain_routes() {
    const auto fixed = [](std::string_view body) {
        return [body](const RouteCall&) {
            return RoutePlan::reply(json_answer(200, std::string(body)));
        };
    };
    return {{"GET", "/health", fixed(R"({"status":"ok"})"), false},
            {"GET", "/mem", fixed(kMemoryBody), false}};
}

std::shared_ptr<const LabApplication> deployments_application() {
    auto made = std::make_shared<LabApplication>();
    made->routes = deployment_routes();
    for (auto& route : account_routes()) {
        made->routes.push_back(std::move(route));
    }
    made->schema = {deployment_schema(), account_schema()};
    const auto statements = deployment_statements();
    made->statements.assign(statements.begin(), statements.end());
    return made;
}

}  // namespace plimsoll
