// What people copy from must work: the scenarios in examples/ and in the README.
#include "experiment/experiment.hpp"
#include "scenario/parse.hpp"
#include "tests/support/temp_folder.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::read_file;

const std::filesystem::path kSource{PLIMSOLL_SOURCE_DIR};

const char* environment(const char* name) {
    return std::string_view(name) == "PLIMSOLL_PG_DSN" ? "postgresql://plimsoll@127.0.0.1/app"
                                                       : nullptr;
}

void expect_valid(const std::string& yaml, const std::string& name) {
    ParseOptions options;
    options.file_name = name;
    options.env = environment;
    const ParseOutcome outcome = parse_scenario(yaml, options);
    EXPECT_TRUE(outcome.scenario.has_value()) << format_faults(outcome.faults, name);
}

/// When the last executor's schedule ends.
Nanoseconds length_of(const std::filesystem::path& scenario) {
    ParseOptions options;
    options.file_name = scenario.string();
    options.env = environment;
    const ParseOutcome outcome = parse_scenario(read_file(scenario), options);
    if (!outcome.scenario) {
        ADD_FAILURE() << format_faults(outcome.faults, scenario.string());
        return {};
    }
    return outcome.scenario->duration();
}

std::vector<std::string> yaml_blocks(const std::string& markdown) {
    constexpr std::string_view kOpen = "```yaml\n";
    std::vector<std::string> blocks;
    for (std::size_t at = markdown.find(kOpen); at != std::string::npos;) {
        const std::size_t begin = at + kOpen.size();
        const std::size_t end = markdown.find("```\n", begin);
        blocks.push_back(markdown.substr(begin, end - begin));
        at = markdown.find(kOpen, end);
    }
    return blocks;
}

TEST(Examples, AreValidScenarios) {
    std::size_t seen = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource / "examples")) {
        const std::string name = entry.path().filename().string();
        const bool experiment = entry.path().parent_path().filename() == "experiments";
        if (entry.path().extension() == ".yaml" && experiment) {
            const auto parsed = parse_experiment(read_file(entry.path()), {entry.path().string()});
            EXPECT_TRUE(parsed.experiment) << format_faults(parsed.faults, entry.path().string());
        } else if (entry.path().extension() == ".yaml" &&
                   name != "compose.yaml") {  // that is Docker's
            expect_valid(read_file(entry.path()), entry.path().string());
            ++seen;
        }
    }
    EXPECT_GT(seen, 0U);
}

TEST(Examples, HaveAShortPlanOfUnderNinetySecondsAndAFullOne) {
    const std::map<std::string, std::chrono::seconds> full{
        {"syntra", std::chrono::hours(1)},
        {"posts-api", std::chrono::minutes(3)},
        {"vineyard", std::chrono::minutes(2)},
        {"eucora", std::chrono::minutes(19) + std::chrono::seconds(15)},
        {"orchestrator", std::chrono::minutes(10)}};
    for (const auto& [example, length] : full) {
        const std::filesystem::path folder = kSource / "examples" / example;
        EXPECT_EQ(length_of(folder / "full.yaml"), length) << example;
        EXPECT_LT(length_of(folder / "short.yaml"), std::chrono::seconds(90)) << example;
        EXPECT_TRUE(std::filesystem::exists(folder / "lab.json")) << example;
        EXPECT_TRUE(std::filesystem::exists(folder / "README.md")) << example;
    }
}

// An editor finds the format by it.
TEST(Examples, PointEditorsToTheSchema) {
    constexpr std::string_view kModeline = "# yaml-language-server: $schema=";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource / "examples")) {
        const auto& path = entry.path();
        if (path.extension() != ".yaml" || path.filename() == "compose.yaml") {
            continue;
        }
        const std::string text = read_file(path);
        ASSERT_TRUE(text.starts_with(kModeline)) << path;
        const std::string schema =
            text.substr(kModeline.size(), text.find('\n') - kModeline.size());
        EXPECT_TRUE(std::filesystem::exists(path.parent_path() / schema)) << path;
    }
}

TEST(Readme, ShowsValidScenarios) {
    const auto blocks = yaml_blocks(read_file(kSource / "README.md"));
    EXPECT_FALSE(blocks.empty());
    for (const std::string& block : blocks) {
        expect_valid(block, "README.md");
    }
}

}  // namespace
}  // namespace plimsoll
