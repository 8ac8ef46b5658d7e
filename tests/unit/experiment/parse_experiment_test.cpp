#include "experiment/experiment.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

ExperimentParse parse(const char* yaml) {
    return parse_experiment(yaml, {"dir/own.yaml", [](const char* name) -> const char* {
                                       return std::strcmp(name, "TOKEN") == 0 ? "s3cret" : nullptr;
                                   }});
}

/// All faults as a person reads them.
std::string said(const char* yaml) {
    const ExperimentParse parsed = parse(yaml);
    EXPECT_FALSE(parsed.experiment) << yaml;
    return format_faults(parsed.faults, "own.yaml");
}

TEST(ParseExperiment, HasDefaultsAndPathsBesideTheFile) {
    const auto parsed = parse("rules: a.yml\nfaults: [{lab: \"app-pool:size=2\"}]\n");
    ASSERT_TRUE(parsed.experiment) << format_faults(parsed.faults, "own.yaml");
    EXPECT_EQ(parsed.experiment->name, "own");
    EXPECT_EQ(parsed.experiment->rules, std::vector<std::string>{"dir/a.yml"});
    EXPECT_EQ(parsed.experiment->faults[0].name, "app-pool:size=2");
    EXPECT_TRUE(parsed.experiment->in_lab());
    EXPECT_EQ(parsed.experiment->healthy, 60s);
    EXPECT_EQ(parsed.experiment->settle, 30s);
    EXPECT_EQ(parsed.experiment->length(), 180s);
    EXPECT_EQ(parsed.experiment->repeat, 3U);
}

TEST(ParseExperiment, ReadsCallsWithTheirMethodAndSecrets) {
    const auto parsed = parse(R"(
scenario: load.yaml
rate: 50/s
faults:
  - name: slow
    plant: {post: "http://127.0.0.1:9000/f?x=1", body: "on", headers: {Authorization: "Bearer ${env.TOKEN}"}}
    heal: {delete: http://127.0.0.1:9000/f}
healthy: 10s
fault: 20s
settle: 4s
repeat: 7
seed: 12
)");
    ASSERT_TRUE(parsed.experiment) << format_faults(parsed.faults, "own.yaml");
    const ExperimentFault& fault = parsed.experiment->faults[0];
    EXPECT_EQ(fault.plant.method, "POST");
    EXPECT_EQ(fault.plant.url, "http://127.0.0.1:9000/f?x=1");
    EXPECT_EQ(fault.plant.body, "on");
    ASSERT_EQ(fault.plant.headers.size(), 1U);
    EXPECT_EQ(fault.plant.headers[0].value, "Bearer s3cret");
    EXPECT_EQ(fault.heal.method, "DELETE");
    EXPECT_EQ(parsed.experiment->scenario, "dir/load.yaml");
    EXPECT_EQ(parsed.experiment->rate->per_second(), 50);
    EXPECT_EQ(parsed.experiment->length(), 40s);
    EXPECT_FALSE(parsed.experiment->in_lab());
}

TEST(ParseExperiment, NamesEveryMistakeWithItsPlaceAndWhatWouldBeRight) {
    EXPECT_EQ(said("faults: [{lab: app-pol}]\nhealty: 5s\n"),
              "own.yaml:1:16: faults[0].lab: unknown fault \"app-pol\"\n"
              "  hint: did you mean `app-pool`?\n"
              "own.yaml:2:1: healty: unknown key\n"
              "  hint: did you mean healthy?\n"
              "2 problems in own.yaml; nothing was sent.\n");
}

TEST(ParseExperiment, RefusesWhatCannotBePlayed) {
    const auto expect = [](const char* yaml, const char* sentence) {
        const std::string all = said(yaml);
        EXPECT_NE(all.find(sentence), std::string::npos) << yaml << "\n" << all;
    };
    expect("[]", "must be a map with rules and faults");
    expect("name: x\n", "faults is missing");
    expect("faults: []\n", "must be a list of faults, got an empty one");
    expect("faults: [{name: x}]\n", "must have lab, or plant and heal");
    expect("faults: [{lab: none}]\n", "plants nothing");
    expect("faults: [{lab: slow-sql}, {lab: slow-sql}]\n", "another fault is called slow-sql");
    expect("faults: [{lab: slow-sql, plant: {get: http://a/}}]\n", "stands alone");
    expect("scenario: a.yaml\nfaults: [{name: x, plant: {post: http://a/}}]\n", "heal is missing");
    expect("faults: [{name: x, plant: {post: http://a/}, heal: {post: http://a/}}]\n",
           "scenario is missing");
    expect("scenario: a.yaml\nfaults: [{plant: {post: http://a/}, heal: {post: http://a/}}]\n",
           "name is missing");
    expect("scenario: a\nfaults: [{name: x, plant: {body: a}, heal: {post: http://a/}}]\n",
           "must say where the call goes");
    expect("scenario: a\nfaults: [{name: x, plant: {post: ftp://a/}, heal: {post: http://a/}}]\n",
           "plant.post");
    expect(
        "scenario: a\nfaults: [{name: x, plant: {get: http://a/, post: http://a/}, heal: {post: "
        "http://a/}}]\n",
        "a call has one method");
    expect("scenario: a\nfaults: [{name: x, plant: {method: POST}, heal: {post: http://a/}}]\n",
           "write the method as the key");
    expect(
        "scenario: a\nfaults: [{lab: slow-sql}, {name: x, plant: {post: http://a/}, heal: "
        "{post: http://a/}}]\n",
        "do not mix");
    expect("faults: [{lab: slow-sql}]\nhealthy: 1s\n", "must be at least 5s, got 1s");
    expect("faults: [{lab: slow-sql}]\nhealthy: 10s\nsettle: 10s\n",
           "must be shorter than healthy");
    expect("faults: [{lab: slow-sql}]\nrepeat: 0\n", "must be from 1 to 1000");
    expect("faults: [{lab: slow-sql}]\nrate: 0/s\n", "must be above 0");
}

TEST(ParseExperiment, NeverRepeatsASecret) {
    const std::string all = said(
        "scenario: a\nfaults: [{name: x, plant: {post: \"http://u:${env.TOKEN}@a/\"}, heal: "
        "{post: http://a/}}]\n");
    EXPECT_EQ(all.find("s3cret"), std::string::npos) << all;
}

}  // namespace
}  // namespace plimsoll
