// Reads the fuzzer's corpus of responses (tests/fuzz/responses) as it is and damaged in fixed ways.
// What libFuzzer does for hours, for a few seconds in every run.
#include "base/random.hpp"
#include "engine/http1/content_decoder.hpp"
#include "tests/support/response_trial.hpp"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::damage_response;
using test::Reading;
using test::response_corpus;
using test::Trial;
using test::try_response;

constexpr const char* kFolder = PLIMSOLL_SOURCE_DIR "/tests/fuzz/responses";

TEST(Response, IsWhatTheNameOfItsFileSays) {
    const auto files = response_corpus(kFolder);
    ASSERT_GT(files.size(), 80U);
    for (const auto& [name, bytes] : files) {
        const Trial trial = try_response(bytes);
        EXPECT_EQ(trial.fault, "") << name;
        const std::string kind = name.substr(0, name.find('-'));
        const auto end = kind == "broken" ? Reading::End::Broken
                         : kind == "cut"  ? Reading::End::CutShort
                                          : Reading::End::Whole;
        EXPECT_EQ(trial.got.end, end) << name;
        EXPECT_EQ(end == Reading::End::Whole && trial.got.consumed < bytes.size(),
                  kind == "surplus")
            << name;
        std::string body = trial.got.kept.body;
        EXPECT_EQ(decode_content(trial.got.kept.encoding, body, test::kTrialMaxBody).ok(),
                  kind != "coded")
            << name;
    }
}

TEST(Response, IsReadOneWayHoweverDamagedAndCut) {
    const auto files = response_corpus(kFolder);
    std::vector<std::string> texts;
    for (const auto& [name, bytes] : files) {
        texts.push_back(bytes);
    }
    Random random(1, 2, 3);
    std::map<Reading::End, int> ends;
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = texts[random.between(0, texts.size() - 1)];
        for (std::uint64_t change = random.between(1, round % 2 == 0 ? 1 : 6); change > 0;
             --change) {
            damage_response(bytes, texts[random.between(0, texts.size() - 1)], random);
        }
        const Trial trial = try_response(bytes);
        ASSERT_EQ(trial.fault, "") << testing::PrintToString(bytes);
        ++ends[trial.got.end];
    }
    EXPECT_GT(ends[Reading::End::Whole], 300);
    EXPECT_GT(ends[Reading::End::Broken], 500);
    EXPECT_GT(ends[Reading::End::CutShort], 300);
}

}  // namespace
}  // namespace plimsoll
