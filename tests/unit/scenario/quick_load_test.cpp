#include "scenario/parse.hpp"
#include "unit/scenario/dump.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

Scenario for_url(std::string_view url, const QuickLoad& load = {}) {
    auto scenario = scenario_for_url(url, load);
    EXPECT_TRUE(scenario.ok()) << scenario.error().to_string();
    return *std::move(scenario);
}

TEST(ScenarioForUrl, GetsThePathOfTheUrl) {
    const Scenario scenario = for_url("http://127.0.0.1:8080/v1/deployments?status=running#top");
    EXPECT_EQ(scenario.name, "127.0.0.1");
    EXPECT_EQ(scenario.target.to_string(), "http://127.0.0.1:8080");
    ASSERT_EQ(scenario.users.size(), 1U);
    ASSERT_EQ(scenario.users[0].steps.size(), 1U);
    const Step& step = scenario.users[0].steps[0];
    EXPECT_EQ(step.method, "GET");
    EXPECT_EQ(step.path.text(), "/v1/deployments?status=running");
    ASSERT_EQ(scenario.endpoints.size(), 1U);
    EXPECT_EQ(scenario.endpoints[0].name, "/v1/deployments");
}

TEST(ScenarioForUrl, GetsTheRootWhereThereIsNoPath) {
    EXPECT_EQ(for_url("http://a").users[0].steps[0].path.text(), "/");
    EXPECT_EQ(for_url("http://a/").users[0].steps[0].path.text(), "/");
    EXPECT_EQ(for_url("http://[::1]:80?x=1").users[0].steps[0].path.text(), "/?x=1");
}

TEST(ScenarioForUrl, TakesExpressionsInAUrlLiterally) {
    const Scenario scenario = for_url("http://a/x?q=\"$1\"");
    EXPECT_EQ(scenario.users[0].steps[0].path.text(), "/x?q=\"$1\"");
    EXPECT_FALSE(scenario_for_url("http://a/${user}", {}).ok());  // braces need %7B in a URL
}

TEST(ScenarioForUrl, KeepsAFileThatSaysTheSame) {
    QuickLoad ramp;
    ramp.vus = 5;
    ramp.stages = {{30s, 100}, {1500ms, 0}};
    QuickLoad rate;
    rate.vus = 40;
    rate.rate = Rate::per_second(12.5);
    QuickLoad iterations;
    iterations.vus = 5;
    iterations.iterations = 100;
    for (const QuickLoad& load : {QuickLoad{}, ramp, rate, iterations}) {
        const Scenario scenario = for_url("http://127.0.0.1:8080/a?b=c", load);
        const auto again = parse_scenario(scenario.text, {"other.yaml"});
        ASSERT_TRUE(again.scenario.has_value()) << format_faults(again.faults, "other.yaml");
        EXPECT_EQ(dump(*again.scenario), dump(scenario));
    }
}

TEST(ScenarioForUrl, SendsASecretOfTheQueryAndKeepsItNowhere) {
    const Scenario scenario = for_url("http://a/x?page=2&api_key=hunter2&Token=hunter2&flag", {});
    EXPECT_EQ(scenario.text.find("hunter2"), std::string::npos) << scenario.text;
    EXPECT_NE(scenario.text.find("/x?page=2&api_key=***&Token=***&flag"), std::string::npos);
    EXPECT_EQ(scenario.users.at(0).steps.at(0).path.literals(),
              "/x?page=2&api_key=hunter2&Token=hunter2&flag");
    EXPECT_EQ(scenario.endpoints.at(0).name, "/x");
}

TEST(ScenarioForUrl, SendsUserAndPasswordOfTheUrlAndKeepsThemNowhere) {
    const Scenario scenario = for_url("http://ann:p%40ss1word@127.0.0.1:81/x?a=b", {});
    EXPECT_EQ(scenario.target.to_string(), "http://127.0.0.1:81");
    ASSERT_EQ(scenario.users[0].steps[0].headers.size(), 1U);
    // printf %s ann:p@ss1word | base64
    EXPECT_EQ(scenario.users[0].steps[0].headers[0].value.text(), "Basic YW5uOnBAc3Mxd29yZA==");
    EXPECT_EQ(scenario.text.find("ss1word"), std::string::npos) << scenario.text;
    EXPECT_EQ(scenario.endpoints[0].name, "/x");
}

TEST(ScenarioForUrl, SendsWhatTheRequestSays) {
    QuickRequest request;
    request.headers = {{"X-A", "1: \"two\" ${user}"}, {"X-Api-Key", "hunter2"}};
    request.body = "{\"n\": 1, \"password\": \"s1cret!\"}\n";
    request.content_type = "application/json";
    const auto made = scenario_for_url("http://127.0.0.1/x", {}, request);
    ASSERT_TRUE(made) << made.error().to_string();
    const Step& step = made->users[0].steps[0];
    EXPECT_EQ(step.method, "POST");
    EXPECT_EQ(step.body.text(), *request.body);
    ASSERT_EQ(step.headers.size(), 3U);
    EXPECT_EQ(step.headers[0].value.text(), "1: \"two\" ${user}");
    EXPECT_EQ(step.headers[2].name, "Content-Type");
    EXPECT_EQ(step.headers[2].value.text(), "application/json");
    for (const char* secret : {"hunter2", "s1cret!"}) {
        EXPECT_EQ(made->text.find(secret), std::string::npos) << made->text;
    }
    request.method = "put";
    request.headers.emplace_back("content-type", "text/plain");
    const auto own = scenario_for_url("http://127.0.0.1/x", {}, request);
    ASSERT_TRUE(own);
    EXPECT_EQ(own->users[0].steps[0].method, "PUT");
    EXPECT_EQ(own->users[0].steps[0].headers.size(), 3U);
}

TEST(ScenarioForUrl, RefusesARequestThatCannotBeSent) {
    QuickRequest request;
    request.method = "CONNECT";
    EXPECT_FALSE(scenario_for_url("http://127.0.0.1/", {}, request));
    request.method = "";
    for (const std::pair<std::string, std::string>& bad :
         {std::pair<std::string, std::string>{"X A", "1"},
          {"X-A", "1\r\nX-B: 2"},
          {"Content-Length", "3"}}) {
        request.headers = {bad};
        EXPECT_FALSE(scenario_for_url("http://127.0.0.1/", {}, request)) << bad.first;
    }
}

TEST(ScenarioForUrl, ChoosesTheExecutorByTheFlags) {
    QuickLoad load;
    load.vus = 50;
    load.duration = 30s;
    const Executor constant = for_url("http://a", load).load.at(0);
    EXPECT_EQ(constant.kind, ExecutorKind::ConstantVus);
    EXPECT_EQ(constant.ramp.at(0s), 50);
    EXPECT_EQ(constant.ramp.duration(), 30s);
    EXPECT_EQ(constant.max_vus, 50U);
    load.rate = Rate::per_second(200);
    const Executor open = for_url("http://a", load).load.at(0);
    EXPECT_EQ(open.kind, ExecutorKind::ConstantArrivalRate);
    EXPECT_EQ(open.ramp.at(0s), 200);
    EXPECT_EQ(open.max_vus, 50U);
    load.rate.reset();
    load.stages = {{10s, 80}, {5s, 0}};
    const Executor ramping = for_url("http://a", load).load.at(0);
    EXPECT_EQ(ramping.kind, ExecutorKind::RampingVus);
    EXPECT_EQ(ramping.ramp.start(), 50);
    EXPECT_EQ(ramping.max_vus, 80U);
    EXPECT_EQ(ramping.ramp.duration(), 15s);
    const Executor shared =
        for_url("http://a", {5, std::nullopt, {}, std::nullopt, 100}).load.at(0);
    EXPECT_EQ(shared.kind, ExecutorKind::SharedIterations);
    EXPECT_EQ(shared.iterations, 100U);
    EXPECT_EQ(shared.max_vus, 5U);
    EXPECT_EQ(shared.ramp.duration(), 10min);
    EXPECT_EQ(for_url("http://a", {5, 30s, {}, std::nullopt, 100}).duration(), 30s);
    EXPECT_FALSE(scenario_for_url("http://a", {5, 30s, {}, std::nullopt, 4}).ok());
}

TEST(ScenarioForUrl, SaysWhatIsWrongWithTheUrlOrTheLoad) {
    EXPECT_EQ(scenario_for_url("127.0.0.1:8080", {}).error().what,
              "must be a URL that starts with http:// or https://");
    EXPECT_EQ(scenario_for_url("ftp://a/", {}).error().what,
              "must start with http:// or https://, got \"ftp://\"");
    EXPECT_FALSE(scenario_for_url("http://a/b c", {}).ok());
    QuickLoad none;
    none.vus = 0;
    EXPECT_FALSE(scenario_for_url("http://a", none).ok());
    none.vus = 1;
    none.duration = 0s;
    EXPECT_FALSE(scenario_for_url("http://a", none).ok());
}

TEST(OverrideLoad, ReplacesTheWholeLoadAndNothingElse) {
    Scenario scenario = for_url("http://a/x");
    scenario.load.push_back(scenario.load.front());
    QuickLoad load;
    load.vus = 7;
    load.duration = 3s;
    override_load(scenario, load);
    ASSERT_EQ(scenario.load.size(), 1U);
    EXPECT_EQ(scenario.load[0].name, "constant-vus");
    EXPECT_EQ(scenario.load[0].max_vus, 7U);
    EXPECT_EQ(scenario.duration(), 3s);
    EXPECT_EQ(scenario.users[0].steps[0].path.text(), "/x");
    for (const QuickLoad& same : {QuickLoad{}, QuickLoad{3, 2s, {{1s, 9}}, std::nullopt},
                                  QuickLoad{4, 2s, {}, Rate::per_second(5)},
                                  QuickLoad{4, std::nullopt, {}, std::nullopt, 12}}) {
        override_load(scenario, same);
        const Scenario direct = for_url("http://a/x", same);
        EXPECT_EQ(dump(direct).substr(0, dump(direct).find("text:")),
                  dump(scenario).substr(0, dump(scenario).find("text:")));
    }
}

}  // namespace
}  // namespace plimsoll
