#include "scenario/parse.hpp"

#include "base/random.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::read_file;

std::filesystem::path in_source(const char* path) {
    return std::filesystem::path(PLIMSOLL_SOURCE_DIR) / path;
}

Scenario parsed(std::string_view yaml, const ParseOptions& options = {}) {
    auto outcome = parse_scenario(yaml, options);
    EXPECT_TRUE(outcome.scenario.has_value()) << format_faults(outcome.faults, options.file_name);
    return outcome.scenario.value_or(Scenario{});
}

constexpr const char* kTwoExecutors = R"(
target: http://127.0.0.1:8080/base
users:
  reader: {flow: [{get: /a}, {get: "/a?x=1", timeout: 45s}, {post: /a}]}
  other: {weight: 2, flow: [{get: /a}]}
load:
  - {executor: ramping-arrival-rate, name: climb, start_rate: 5/s, max_vus: 30,
     stages: [{duration: 10s, target: 20/s}, {duration: 0s, target: 1/s}, {duration: 5s, target: 1/s}]}
  - {executor: constant-vus, vus: 3, duration: 1m}
thresholds: {http_req_failed: "rate<1%"}
)";

TEST(ParseScenario, NamesAScenarioAfterItsFile) {
    EXPECT_EQ(parsed(kTwoExecutors, {"some/where/checkout.yaml"}).name, "checkout");
}

TEST(ParseScenario, NeedsNoUsersNorLoadNorTargetWhereOnlyProbesCount) {
    const auto probing = [](std::string_view yaml, bool probes_only) {
        ParseOptions options;
        options.probes_only = probes_only;
        return parse_scenario(yaml, options);
    };
    constexpr const char* kProbes =
        "probes: {host: false, containers: [{docker: web, role: app}]}\n";
    const auto outcome = probing(kProbes, true);
    ASSERT_TRUE(outcome.scenario) << format_faults(outcome.faults, "scenario.yaml");
    EXPECT_EQ(outcome.scenario->target.host, "");
    EXPECT_EQ(outcome.scenario->probes.containers.size(), 1U);
    EXPECT_EQ(outcome.scenario->probes.host, false);
    EXPECT_EQ(probing(kProbes, false).faults.size(), 3U);  // target, users and load are missing
    // What there is must be right all the same.
    EXPECT_EQ(
        probing("load: [{executor: constant-vus, vus: 0, duration: 1s}]\n", true).faults[0].what,
        "users is missing");
    EXPECT_EQ(parsed(kTwoExecutors, {"scenario.yaml", nullptr, true}).load.size(), 2U);
}

TEST(ParseScenario, JoinsStepsOfOneUserNameAndMethodInOneEndpoint) {
    const Scenario scenario = parsed(kTwoExecutors);
    ASSERT_EQ(scenario.endpoints.size(), 3U);
    const auto& flow = scenario.users[0].steps;
    EXPECT_EQ(flow[0].endpoint, flow[1].endpoint);
    EXPECT_NE(flow[0].endpoint, flow[2].endpoint);                     // another method
    EXPECT_NE(flow[0].endpoint, scenario.users[1].steps[0].endpoint);  // another user
    EXPECT_EQ(scenario.endpoints[flow[2].endpoint].method, "POST");
}

TEST(ParseScenario, KeepsTheTextAsReadWhereItHoldsNoSecret) {
    EXPECT_EQ(parsed(kTwoExecutors).text, kTwoExecutors);
}

TEST(Describe, TellsWhatTheScenarioFixesOfARun) {
    const RunInfo info = describe(parsed(kTwoExecutors, {"checkout.yaml"}));
    EXPECT_EQ(info.scenario_name, "checkout");
    EXPECT_EQ(info.scenario_text, kTwoExecutors);
    EXPECT_EQ(info.target, "http://127.0.0.1:8080");
    EXPECT_EQ(info.planned_duration, 60s);
    EXPECT_EQ(info.request_timeout, 45s);
    EXPECT_EQ(info.endpoints.size(), 3U);
    EXPECT_EQ(info.user_classes, (std::vector<std::string>{"reader", "other"}));
    EXPECT_EQ(info.thresholds.size(), 1U);
    ASSERT_EQ(info.executors.size(), 2U);
    const ExecutorInfo& climb = info.executors[0];
    EXPECT_EQ(climb.name, "climb");
    EXPECT_EQ(climb.kind, ExecutorKind::RampingArrivalRate);
    EXPECT_TRUE(climb.open);
    EXPECT_EQ(climb.start_value, 5);
    EXPECT_EQ(climb.max_users, 30U);
    ASSERT_EQ(climb.stages.size(), 3U);
    EXPECT_EQ(climb.stages[0].from, 0s);
    EXPECT_EQ(climb.stages[0].to, 10s);
    EXPECT_EQ(climb.stages[0].target, 20);
    EXPECT_EQ(climb.stages[1].from, 10s);
    EXPECT_EQ(climb.stages[1].to, 10s);
    EXPECT_EQ(climb.stages[2].to, 15s);
    EXPECT_FALSE(info.executors[1].open);
    EXPECT_EQ(info.executors[1].start_value, 3);
    EXPECT_EQ(info.executors[1].max_users, 3U);
}

TEST(FormatFaults, WritesOneLineAFaultWithItsHintBelow) {
    const std::vector<Fault> faults{
        {14, 11, "load[0].stages[1].target", "must be above 0, got -5/s",
         "write it as requests per second, e.g. target: 250/s"},
        {20, 1, "", "not valid YAML", ""}};
    EXPECT_EQ(format_faults(faults, "checkout.yaml"),
              "checkout.yaml:14:11: load[0].stages[1].target: must be above 0, got -5/s\n"
              "  hint: write it as requests per second, e.g. target: 250/s\n"
              "checkout.yaml:20:1: not valid YAML\n"
              "2 problems in checkout.yaml; nothing was sent.\n");
    EXPECT_EQ(format_faults({faults[1]}, "a.yaml"),
              "a.yaml:20:1: not valid YAML\n1 problem in a.yaml; nothing was sent.\n");
}

TEST(ScenarioDocument, ShowsAValidFile) {
    const std::string text = read_file(in_source("docs/scenario.md"));
    const std::string_view fence = "```yaml\n";
    const std::size_t begin = text.find(fence);
    ASSERT_NE(begin, std::string::npos);
    const std::size_t end = text.find("```\n", begin + fence.size());
    const Scenario scenario =
        parsed(text.substr(begin + fence.size(), end - begin - fence.size()), {"scenario.md"});
    EXPECT_EQ(scenario.load.at(0).ramp.at(0s), 50);
}

TEST(ExampleFiles, QuickstartIsOneConstantRateOnTheLocalTarget) {
    const Scenario scenario =
        parsed(read_file(in_source("examples/quickstart.yaml")), {"quickstart.yaml"});
    EXPECT_EQ(scenario.name, "quickstart");
    EXPECT_EQ(scenario.target.to_string(), "http://127.0.0.1:8080");
    ASSERT_EQ(scenario.load.size(), 1U);
    EXPECT_EQ(scenario.load[0].kind, ExecutorKind::ConstantArrivalRate);
    EXPECT_GT(scenario.load[0].max_vus, 0U);
    EXPECT_FALSE(scenario.thresholds.empty());
}

TEST(ExampleFiles, DeploymentsRampsTwoUserClassesAndProbesTheDatabase) {
    const Scenario scenario =
        parsed(read_file(in_source("examples/deployments.yaml")), {"deployments.yaml"});
    ASSERT_EQ(scenario.load.size(), 1U);
    EXPECT_EQ(scenario.load[0].kind, ExecutorKind::RampingArrivalRate);
    EXPECT_EQ(scenario.users.size(), 2U);
    EXPECT_EQ(scenario.probes.postgres.size(), 1U);
    EXPECT_EQ(scenario.probes.canaries.size(), 1U);
    EXPECT_TRUE(scenario.exports.prometheus.has_value());
    EXPECT_EQ(scenario.exports.prometheus->first, "127.0.0.1");
    EXPECT_GE(scenario.thresholds.size(), 3U);
}

TEST(ParseScenario, EitherReadsAFileOrSaysWhyHoweverBrokenItIs) {
    // Real files, with pieces cut out, doubled, swapped in from elsewhere, and random bytes.
    std::vector<std::string> seeds;
    for (const auto& entry :
         std::filesystem::directory_iterator(in_source("tests/golden/scenario"))) {
        if (entry.path().extension() == ".yaml" &&
            entry.path().stem().string().find("alias") == std::string::npos) {
            seeds.push_back(read_file(entry.path()));
        }
    }
    std::sort(seeds.begin(), seeds.end());
    // Half of the rounds start from a good file.
    const std::size_t broken = seeds.size();
    for (std::size_t i = 0; i < broken; i += 2) {
        seeds.push_back(read_file(in_source("examples/quickstart.yaml")));
        seeds.push_back(read_file(in_source("examples/deployments.yaml")));
    }
    Random random(99, 1, 0);
    const auto place = [&](const std::string& text) {
        return static_cast<std::size_t>(random.between(0, text.size()));
    };
    std::size_t read = 0;
    for (int round = 0; round < 3'000; ++round) {
        std::string text = seeds[random.between(0, seeds.size() - 1)];
        for (std::uint64_t change = random.between(1, 4); change > 0; --change) {
            const std::string& other = seeds[random.between(0, seeds.size() - 1)];
            const std::string piece = other.substr(place(other), random.between(0, 30));
            const std::size_t at = place(text);
            switch (random.between(0, 3)) {
                case 0:
                    text.erase(at, random.between(0, 20));
                    break;
                case 1:
                    text.insert(at, piece);
                    break;
                case 2:
                    text.insert(at, 1, static_cast<char>(random.between(0, 255)));
                    break;
                default:
                    text.replace(at, std::min(piece.size(), text.size() - at), piece);
                    break;
            }
        }
        const auto outcome = parse_scenario(text, {});
        ASSERT_EQ(outcome.scenario.has_value(), outcome.faults.empty()) << text;
        for (const Fault& fault : outcome.faults) {
            ASSERT_GE(fault.line, 1) << fault.what << "\n" << text;
            ASSERT_GE(fault.column, 1) << fault.what << "\n" << text;
            ASSERT_FALSE(fault.what.empty());
        }
        read += outcome.scenario ? 1U : 0U;
    }
    EXPECT_GT(read, 100U);
    EXPECT_LT(read, 2'000U);
}

TEST(ParseScenario, RefusesDeepNestingInsteadOfOverflowingTheStack) {
    const std::string deep = "target: " + std::string(200'000, '[');
    EXPECT_FALSE(parse_scenario(deep, {}).faults.empty());
    std::string nested = "target: x\njson: ";
    for (int level = 0; level < 400; ++level) {
        nested += "[";
    }
    nested += std::string(400, ']');
    EXPECT_FALSE(parse_scenario(nested, {}).faults.empty());
}

}  // namespace
}  // namespace plimsoll
