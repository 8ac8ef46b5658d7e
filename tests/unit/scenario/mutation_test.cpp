// Damages good and broken scenario files in fixed ways: reading must end with a scenario or with
// faults that have places, never with a crash. What libFuzzer does for hours (tests/fuzz), for a
// few seconds in every run.
#include "base/random.hpp"
#include "scenario/parse.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> seeds() {
    const fs::path folder = fs::path(PLIMSOLL_SOURCE_DIR) / "tests/golden/scenario";
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".yaml") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> texts;
    for (const fs::path& file : files) {
        std::ifstream in(file, std::ios::binary);
        texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        // Good files are few; one damage that leaves them good reaches further than most.
        const bool good = file.stem().string().starts_with("valid-");
        texts.insert(texts.end(), good ? 10 : 0, texts.back());
    }
    return texts;
}

/// One small change somewhere.
void damage(std::string& text, const std::vector<std::string>& others, Random& random) {
    constexpr std::array<std::string_view, 24> kPieces{
        "${",       "}",        ": ",     "- ",      "{",       "[",
        "]",        "\n  ",     "&a ",    "*a",      "\"",      "'",
        "repeat: ", "steps: ",  "if: ",   "${user}", "capture", "expect",
        "until",    "parallel", "json: ", "\xff",    "\t",      "99999999999999999999"};
    const std::size_t at = random.between(0, text.size());
    const std::size_t length = std::min<std::size_t>(random.between(1, 40), text.size() - at);
    switch (random.between(0, 4)) {
        case 0:
            text.erase(at, length);
            break;
        case 1:
            text.insert(at, kPieces[random.between(0, kPieces.size() - 1)]);
            break;
        case 2:
            text.insert(random.between(0, text.size()), text.substr(at, length));
            break;
        case 3:
            if (at < text.size()) {
                text[at] = static_cast<char>(random.between(0, 255));
            }
            break;
        default: {
            const std::string& other = others[random.between(0, others.size() - 1)];
            const std::size_t from = random.between(0, other.size());
            text.insert(at, other.substr(from, random.between(0, 200)));
        }
    }
}

TEST(ParseScenario, SurvivesDamagedFiles) {
    const auto texts = seeds();
    ASSERT_GT(texts.size(), 80U);
    Random random(1, 2, 3);
    std::size_t valid = 0;
    std::size_t faulty = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text = texts[random.between(0, texts.size() - 1)];
        for (std::uint64_t change = random.between(1, round % 2 == 0 ? 1 : 6); change > 0;
             --change) {
            damage(text, texts, random);
        }
        ParseOptions options;
        options.file_name = std::string(PLIMSOLL_SOURCE_DIR) + "/tests/golden/scenario/x.yaml";
        const ParseOutcome outcome = parse_scenario(text, options);
        ASSERT_EQ(outcome.scenario.has_value(), outcome.faults.empty());
        valid += outcome.scenario ? 1U : 0U;
        faulty += outcome.faults.empty() ? 0U : 1U;
        for (const Fault& fault : outcome.faults) {
            ASSERT_GT(fault.line, 0) << fault.what;
            ASSERT_GT(fault.column, 0) << fault.what;
            ASSERT_FALSE(fault.what.empty());
        }
    }
    EXPECT_GT(valid, 20U);
    EXPECT_GT(faulty, 2000U);
}

TEST(ParseScenario, ReadsTenThousandLinesAtOnce) {
    std::string text = "target: http://127.0.0.1:8080\nload: [{executor: constant-vus}]\nusers:\n";
    for (int user = 0; user < 50; ++user) {
        text += "  user" + std::to_string(user) + ":\n    flow:\n";
        for (int step = 0; step < 28; ++step) {
            text += "      - post: /v1/" + std::to_string(user) + "/" + std::to_string(step) +
                    "\n        headers: {X-Id: \"${uuid()}\"}\n        json:\n"
                    "          name: \"d-${uuid()}\"\n          n: ${random_int(1,100)}\n"
                    "        expect: {status: [200, 201], json: {/id: string}}\n"
                    "        capture: {id: /id}\n";
        }
    }
    text += "    weight: x\n";
    const ParseOutcome outcome = parse_scenario(text, {});
    ASSERT_EQ(outcome.faults.size(), 3U);  // the load's vus and duration, and the last line
    EXPECT_EQ(outcome.faults.back().path, "users.user49.weight");
    EXPECT_GT(outcome.faults.back().line, 9'900);
}

}  // namespace
}  // namespace plimsoll
