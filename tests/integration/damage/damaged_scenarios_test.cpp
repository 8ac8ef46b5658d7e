// Scenario files that were damaged, or made to cost much: faults with a place within bounds of time
// and memory, or a scenario.
#include "bounds.hpp"
#include "scenario/parse.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

ParseOutcome parse(const std::string& text) {
    return parse_scenario(text, {PLIMSOLL_SOURCE_DIR "/tests/golden/scenario/x.yaml",
                                 [](const char*) -> const char* { return nullptr; }});
}

TEST(DamagedScenario, EndsWithAScenarioOrWithFaultsThatHaveAPlace) {
    std::vector<std::string> seeds;
    std::vector<std::string> good;  // few, but damage that leaves them good reaches furthest
    for (const auto& entry : fs::directory_iterator(PLIMSOLL_SOURCE_DIR "/tests/golden/scenario")) {
        if (entry.path().extension() == ".yaml") {
            seeds.push_back(test::read_file(entry.path()));
            if (entry.path().filename().string().starts_with("valid-")) {
                good.push_back(seeds.back());
            }
        }
    }
    std::sort(seeds.begin(), seeds.end());
    std::sort(good.begin(), good.end());
    ASSERT_FALSE(good.empty());
    std::vector<std::string> pieces{"${",
                                    "}",
                                    ": ",
                                    "- ",
                                    "{",
                                    "[",
                                    "]",
                                    "\n  ",
                                    "&a ",
                                    "*a",
                                    "\"",
                                    "'",
                                    "repeat: ",
                                    "${user}",
                                    "json: ",
                                    "\xff",
                                    "\t",
                                    "1+",
                                    "((((",
                                    "99999999999999999999",
                                    "include: x.yaml\n",
                                    "? ",
                                    "!!set ",
                                    "|\n",
                                    "<<: *a",
                                    "%TAG",
                                    "\\u0000",
                                    "/dev/zero"};
    for (std::size_t i = 0; i < 20; ++i) {
        pieces.push_back(seeds[i].substr(0, 200));
    }
    Random random(1, 5, 3);
    test::Bounds bounds;
    int valid = 0;
    const int all = test::rounds(600);
    for (int round = 0; round < all && !testing::Test::HasFailure(); ++round) {
        const auto& from = round % 2 == 0 ? good : seeds;
        std::string text = from[random.between(0, from.size() - 1)];
        test::damage_bytes(text, pieces, random);
        bounds.begin();
        const ParseOutcome outcome = parse(text);
        bounds.end(text);
        EXPECT_EQ(outcome.scenario.has_value(), outcome.faults.empty()) << text;
        valid += outcome.scenario ? 1 : 0;
        for (const Fault& fault : outcome.faults) {
            EXPECT_GT(fault.line, 0) << text;
        }
    }
    EXPECT_GT(valid, 0);
    EXPECT_LT(valid, all / 2);
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (; times > 0; --times) {
        all += text;
    }
    return all;
}

std::string with_path(const std::string& path) {
    return "target: http://127.0.0.1:1\nusers: {u: {flow: [{get: \"" + path +
           "\"}]}}\nload: [{executor: constant-vus, vus: 1, duration: 1s}]\n";
}

/// Whose first fault says `what`; within the bounds.
void expect_refused(const std::string& text, std::string_view what) {
    test::Bounds bounds;
    bounds.begin();
    const ParseOutcome outcome = parse(text);
    bounds.end(std::string(what));
    ASSERT_FALSE(outcome.scenario.has_value()) << text.substr(0, 200);
    EXPECT_NE(outcome.faults.front().what.find(what), std::string::npos)
        << outcome.faults.front().what.substr(0, 300);
}

TEST(LargeScenario, LongExpressionsAreRefusedWhateverTheyAreMadeOf) {
    for (const std::string& sum :
         {repeated("1+", 20'000), repeated("2*", 20'000), repeated("user - ", 9'000)}) {
        expect_refused(with_path("/${" + sum + "1}"), "has more than 1000 values");
    }
    expect_refused(with_path("/${concat(" + repeated("user,", 5'000) + "user)}"),
                   "has more than 1000 values");
    expect_refused(with_path("/${" + repeated("1+", 100'000) + "1}"), "is longer than 65536 bytes");
    for (const char* const opening : {"(", "-", "trim(", "concat(1,", "default(user,"}) {
        expect_refused(with_path("/${" + repeated(opening, 5'000) + "1}"), "is nested too deeply");
    }
}

TEST(LargeScenario, WhatIsNestedDeeplyIsRefused) {
    const std::string head = "target: http://127.0.0.1:1\nusers: {u: {flow: [{post: /, json: ";
    const std::string tail = "}]}}\nload: [{executor: constant-vus, vus: 1, duration: 1s}]\n";
    expect_refused(head + repeated("[", 100'000) + repeated("]", 100'000) + tail,
                   "is nested more than 200 levels deep");
    expect_refused(head + repeated("{a: ", 3'000) + "1" + repeated("}", 3'000) + tail,
                   "is nested more than 200 levels deep");
    expect_refused(repeated("- ", 5'000) + "x\n", "is nested more than 200 levels deep");
    std::string chain = "a0: &a0 [x]\n";
    for (int i = 1; i < 20'000; ++i) {
        chain += fmt::format("a{0}: &a{0} [*a{1}]\n", i, i - 1);
    }
    expect_refused(chain, "is nested more than 200 levels deep");
    // As deep as people may write, under whichever key.
    for (const char* const key : {"json", "expect", "until", "capture"}) {
        const ParseOutcome outcome =
            parse("target: http://127.0.0.1:1\nusers: {u: {flow: [{get: /, " + std::string(key) +
                  ": " + repeated("{a: ", 190) + "1" + repeated("}", 190) + tail);
        test::count_tried();
        EXPECT_EQ(outcome.scenario.has_value(), outcome.faults.empty());
    }
    test::count_tried();
    const ParseOutcome loops = parse(
        "target: http://127.0.0.1:1\nusers: {u: {flow: " + repeated("[{repeat: 2, steps: ", 90) +
        "[{get: /}]" + repeated("}]", 90) + "}}\n" +
        "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n");
    EXPECT_EQ(loops.scenario.has_value(), loops.faults.empty());
}

TEST(LargeScenario, WhatUnfoldsOrGoesOnForLongIsRefusedEarly) {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 12; ++i) {
        bomb += fmt::format("a{0}: &a{0} [{1}]\n", i,
                            repeated(fmt::format("*a{},", i - 1), 9) + fmt::format("*a{}", i - 1));
    }
    expect_refused(bomb, "unfolds to more than 100000 values");
    expect_refused(repeated("- x\n", 4'000'000), "unfolds to more than 100000 values");
    expect_refused("# " + std::string((16U << 20U) + 1, 'x'), "is longer than 16 MiB");
}

}  // namespace
}  // namespace plimsoll
