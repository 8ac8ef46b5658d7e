// The calibration against its own null server: nothing of it reaches the target.
#include "engine/calibrate.hpp"

#include "tests/integration/engine/engine_run.hpp"

#include <sched.h>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Answer;
using test::ok_response;
using test::ScriptedServer;

TEST(Calibrate, MeasuresTheScenariosOwnRequestsAndSparesTheTarget) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(10, 10s));
    scenario.users[0].think = {Think::Kind::Constant, 10s, {}};
    Step post = get("/items");
    post.method = "POST";
    post.has_body = true;
    post.body = Template::literal(std::string(1'000'000, 'x'));
    Step head = get("/");
    head.method = "HEAD";
    scenario.users[0].steps.push_back(head);
    cpu_set_t before{};
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    const auto light = calibrate(scenario, 400ms);
    scenario.users[0].steps.push_back(post);
    const auto heavy = calibrate(scenario, 400ms);
    ASSERT_TRUE(light) << light.error().to_string();
    ASSERT_TRUE(heavy) << heavy.error().to_string();
    EXPECT_GT(light->requests, 100U);
    EXPECT_GT(light->cpu_us_per_request, 0.5);
    EXPECT_NEAR(light->per_shard() * light->cpu_us_per_request, 1e6, 1);
    // A third of the requests carry 1 MB, whose copying takes many times as long as a small
    // request.
    EXPECT_GT(heavy->cpu_us_per_request, light->cpu_us_per_request);
    EXPECT_EQ(server.requests(), 0U);
    EXPECT_EQ(server.connections(), 0U);
    cpu_set_t after{};
    ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace plimsoll
