// Every file of tests/golden/scenario against the text beside it: for a broken file what a person
// reads, for one named valid-* what was understood. PLIMSOLL_UPDATE_GOLDEN=1 writes the texts anew
// (and fails, so that it cannot be left on).
#include "scenario/parse.hpp"
#include "tests/support/temp_folder.hpp"
#include "unit/scenario/dump.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using test::read_file;

fs::path folder() {
    return fs::path(PLIMSOLL_SOURCE_DIR) / "tests/golden/scenario";
}

std::vector<std::string> stems() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) {
        // part-* are included by others.
        if (entry.path().extension() == ".yaml" &&
            !entry.path().stem().string().starts_with("part-")) {
            names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

const char* test_env(const char* name) {
    const std::string_view wanted(name);
    if (wanted == "GREETING") {
        return "hello \"you\"";
    }
    if (wanted == "NUMBER") {
        return "42";
    }
    if (wanted == "TOKEN") {
        return "secret-of-the-environment";
    }
    if (wanted == "DSN") {
        return "postgresql://app:secret-of-the-environment@127.0.0.1/app";
    }
    return wanted == "EMPTY" ? "" : nullptr;
}

// The same text wherever the tree lies.
std::string without_folder(std::string text) {
    const std::string prefix = folder().string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
        text.erase(at, prefix.size());
    }
    return text;
}

class GoldenScenario : public testing::TestWithParam<std::string> {};

TEST_P(GoldenScenario, ReadsAsTheTextBesideIt) {
    const std::string name = GetParam();
    const std::string file_name = name + ".yaml";
    ParseOptions options;
    options.file_name = (folder() / file_name).string();  // what it names lies beside it
    options.env = &test_env;
    const auto outcome = parse_scenario(read_file(folder() / file_name), options);
    const bool valid = name.starts_with("valid-");
    ASSERT_EQ(outcome.scenario.has_value(), outcome.faults.empty());
    EXPECT_EQ(outcome.scenario.has_value(), valid) << format_faults(outcome.faults, file_name);
    const std::string got = without_folder(
        outcome.scenario ? dump(*outcome.scenario) : format_faults(outcome.faults, file_name));
    if (!valid) {
        EXPECT_EQ(got.find("hunter2"), std::string::npos) << "a password is shown";
        EXPECT_EQ(got.find("top-secret"), std::string::npos) << "a credential is shown";
    }
    const fs::path expected = folder() / (name + ".expected");
    if (std::getenv("PLIMSOLL_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(expected, std::ios::binary) << got;
        FAIL() << "wrote " << expected << "; run again without PLIMSOLL_UPDATE_GOLDEN";
    }
    EXPECT_EQ(got, read_file(expected));
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenScenario, testing::ValuesIn(stems()), test_name);

TEST(GoldenScenarios, CoverAtLeastEightyBrokenFilesAndSomeGoodOnes) {
    const auto names = stems();
    const auto valid = std::count_if(names.begin(), names.end(), [](const std::string& name) {
        return name.starts_with("valid-");
    });
    EXPECT_GE(valid, 3);
    EXPECT_GE(static_cast<std::ptrdiff_t>(names.size()) - valid, 80);
}

}  // namespace
}  // namespace plimsoll
