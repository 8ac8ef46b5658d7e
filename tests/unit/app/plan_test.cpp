#include "app/plan.hpp"

#include "app/request_estimate.hpp"
#include "scenario/parse.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using testing::HasSubstr;
using testing::Not;

Scenario read(const std::string& text) {
    const auto environment = [](const char*) -> const char* {
        return "postgresql://monitor:hunter2@127.0.0.1:5432/app";
    };
    ParseOutcome parsed = parse_scenario(text, {"s.yaml", environment});
    EXPECT_TRUE(parsed.scenario.has_value()) << format_faults(parsed.faults, "s.yaml");
    return parsed.scenario ? *std::move(parsed.scenario) : Scenario{};
}

const char* const kOpen = R"(
target: http://127.0.0.1:8080
users:
  reader: {weight: 3, flow: [{get: /a}, {get: /b}]}
  writer: {weight: 1, flow: [{post: /a}]}
load:
  - executor: ramping-arrival-rate
    start_rate: 10/s
    stages: [{duration: 10s, target: 10/s}, {duration: 20s, target: 30/s}]
    max_vus: 50
thresholds: {http_req_failed: {threshold: rate<1%, window: 10s, abort_on_fail: true}}
probes:
  postgres: {dsn: "${env.DSN}"}
  containers: [{port: 8080, role: app}]
  canaries: {no_database: {get: /health}}
export: {prometheus: 9464}
)";

TEST(Plan, ShowsStagesArrivalsRequestsProbesAndThresholds) {
    const std::string plan = plan_text(read(kOpen), false);
    EXPECT_THAT(plan, HasSubstr("length  30s"));
    EXPECT_THAT(plan, HasSubstr("at most 50 at once"));
    EXPECT_THAT(plan, HasSubstr("up to 30/s, about 500 arrivals"));  // 10 * 10 + 20 * 20
    EXPECT_THAT(plan, HasSubstr("        1        0s       10s        10/s         100\n"
                                "        2       10s       20s        30/s         400\n"));
    EXPECT_THAT(plan,
                HasSubstr("user reader: 75 % of the users\n"
                          "    GET /a    about 375 requests\n    GET /b    about 375 requests\n"
                          "user writer: 25 % of the users\n    POST /a   about 125 requests\n"));
    EXPECT_THAT(plan, HasSubstr("database app, role monitor"));
    EXPECT_THAT(plan, HasSubstr("what listens on port 8080 (app)"));
    EXPECT_THAT(plan, HasSubstr("no_database: GET /health"));
    EXPECT_THAT(plan, HasSubstr("http://127.0.0.1:9464/metrics"));
    EXPECT_THAT(plan, HasSubstr("http_req_failed: rate<1% in every 10s, else the run stops"));
    EXPECT_THAT(plan, Not(HasSubstr("hunter2")));
}

TEST(Plan, DrawsTheLoadInTheLettersThatThereAre) {
    const std::string ascii = plan_text(read(kOpen), false);
    for (const char c : ascii) {
        EXPECT_GE(c, 0) << "beyond ASCII";
    }
    // A third of 30/s is 2.67 of 8 steps, rounded up: the third mark, for a third of 60 columns.
    EXPECT_THAT(ascii, HasSubstr("30/s |" + std::string(20, '-')));
    EXPECT_THAT(plan_text(read(kOpen), true), HasSubstr("30/s |▃▃▃▃"));
}

TEST(RequestEstimate, FollowsLoopsChoicesAndConditions) {
    const Scenario scenario = read(R"(
target: http://127.0.0.1:8080
users:
  one:
    flow:
      - {repeat: 3, steps: [{get: /loop}]}
      - random: [{get: /half}, {steps: [{get: /other}, {get: /other}]}]
      - weighted: [{weight: 3, steps: [{get: /often}]}, {weight: 1, steps: [{get: /rare}]}]
      - {parallel: [{get: /p1}, {get: /p2}]}
      - {if: "${iteration} < 5", then: [{get: /then}], else: [{get: /else}]}
load: [{executor: shared-iterations, vus: 2, iterations: 8}]
)");
    const auto estimates = estimate_requests(scenario);
    const std::map<std::string, double> expected{{"/loop", 24}, {"/half", 4}, {"/other", 8},
                                                 {"/often", 6}, {"/rare", 2}, {"/p1", 8},
                                                 {"/p2", 8},    {"/then", 4}, {"/else", 4}};
    ASSERT_EQ(estimates.size(), expected.size());
    for (std::size_t e = 0; e < estimates.size(); ++e) {
        EXPECT_DOUBLE_EQ(estimates[e].requests, expected.at(scenario.endpoints[e].name))
            << scenario.endpoints[e].name;
        EXPECT_FALSE(estimates[e].at_most || estimates[e].unknown);
    }
}

TEST(RequestEstimate, BoundsUsersWhoThinkAndLeavesOthersOpen) {
    const Scenario scenario = read(R"(
target: http://127.0.0.1:8080
users:
  thinker: {think: {uniform: [1s, 3s]}, flow: [{get: /a}]}
  paced: {pacing: 5s, flow: [{get: /b}]}
  hasty: {flow: [{get: /c}]}
load:
  - {executor: constant-vus, vus: 10, duration: 60s, users: [thinker]}
  - {executor: constant-vus, vus: 10, duration: 60s, users: [paced]}
  - {executor: constant-vus, vus: 10, duration: 60s, users: [hasty]}
)");
    const auto estimates = estimate_requests(scenario);
    EXPECT_DOUBLE_EQ(estimates[0].requests, 300);  // 10 * 60 / 2
    EXPECT_TRUE(estimates[0].at_most);
    EXPECT_DOUBLE_EQ(estimates[1].requests, 120);
    EXPECT_TRUE(estimates[2].unknown);
}

}  // namespace
}  // namespace plimsoll
