// Every expected figure is worked out by hand beside it.
#include "app/load_demand.hpp"

#include "scenario/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Scenario scenario(const std::string& rest) {
    const ParseOutcome parsed = parse_scenario("target: http://127.0.0.1:8080\n" + rest, {});
    EXPECT_TRUE(parsed.scenario) << format_faults(parsed.faults, "s.yaml");
    return *parsed.scenario;
}

constexpr const char* kUsers =
    "users:\n"
    "  buyer: {weight: 1, think: 200ms, flow: [{get: /a}, {get: /b}, {get: /c}]}\n"
    "  reader: {weight: 3, flow: [{get: /a}]}\n";

LoadDemand demand(const std::string& load, std::optional<Rate> rate = std::nullopt,
                  Nanoseconds response = 10ms) {
    const auto made = demand_of(scenario(kUsers + load), rate, response);
    EXPECT_TRUE(made.ok());
    return *made;
}

TEST(LoadDemand, MixesClassesByTheirWeights) {
    // (1 × 3 + 3 × 1) / 4 = 1.5 requests, (1 × 600 ms) / 4 = 150 ms of thinking.
    const LoadDemand made = demand(
        "load: [{executor: constant-arrival-rate, rate: 1k/s, duration: 1m, max_vus: 500}]\n");
    EXPECT_DOUBLE_EQ(made.shape.requests, 1.5);
    EXPECT_DOUBLE_EQ(made.shape.thinking_s, 0.15);
    EXPECT_DOUBLE_EQ(made.requests_per_s(), 1500);
    EXPECT_DOUBLE_EQ(made.arrivals_per_s, 1000);
    EXPECT_EQ(made.most_users, 500);
    EXPECT_DOUBLE_EQ(users_at_once(made), 191);  // 1,000/s × (15 ms + 150 ms) = 165; 2√165 = 25.7
}

TEST(LoadDemand, TakesARateInPlaceOfTheLoad) {
    const LoadDemand made =
        demand("load: [{executor: constant-vus, vus: 5, duration: 1m}]\n", Rate::per_second(2e6));
    EXPECT_DOUBLE_EQ(made.requests_per_s(), 3e6);
    EXPECT_DOUBLE_EQ(made.looping_users, 0);
    EXPECT_EQ(made.most_users, 0);
}

TEST(LoadDemand, CountsRoundsOfUsersInALoop) {
    // A reader's round takes its response time: 10 ms; 40 of them make 4,000 requests/s.
    const LoadDemand made =
        demand("load: [{executor: constant-vus, vus: 40, duration: 1m, users: [reader]}]\n");
    EXPECT_DOUBLE_EQ(made.looping_users, 40);
    EXPECT_DOUBLE_EQ(made.requests_per_s(), 4000);
    // A buyer's: 3 × 10 ms + 600 ms; 63 of them make 100 rounds of 3 requests.
    EXPECT_NEAR(demand("load: [{executor: constant-vus, vus: 63, duration: 1m, users: [buyer]}]\n")
                    .requests_per_s(),
                300, 1e-9);
}

TEST(LoadDemand, IsThePeakOfWhatRunsAtTheSameTime) {
    const std::string load =
        "load:\n"
        "  - {executor: constant-arrival-rate, rate: 300/s, duration: 1m, max_vus: 100, users: "
        "[reader]}\n"
        "  - {executor: ramping-arrival-rate, start_rate: 0/s, stages: [{duration: 1m, target: "
        "500/s}], start_time: 30s, max_vus: 200, users: [reader]}\n"
        "  - {executor: constant-arrival-rate, rate: 700/s, duration: 1m, start_time: 2m, max_vus: "
        "400, users: [reader]}\n";
    const LoadDemand made = demand(load);  // 300 + 500 from 30 s on; later 700
    EXPECT_DOUBLE_EQ(made.requests_per_s(), 800);
    EXPECT_EQ(made.most_users, 300);
}

TEST(LoadDemand, NeedsAResponseTimeWhereNobodyWaits) {
    const auto made = demand_of(
        scenario(std::string(kUsers) +
                 "load: [{executor: constant-vus, vus: 5, duration: 1m, users: [reader]}]\n"),
        std::nullopt, 0s);
    ASSERT_FALSE(made.ok());
    EXPECT_THAT(made.error().hint, HasSubstr("--response-time"));
}

}  // namespace
}  // namespace plimsoll
