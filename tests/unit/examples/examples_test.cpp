// What people copy from must work: the scenarios in examples/ and in the README.
#include "scenario/parse.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

const std::filesystem::path kSource{PLIMSOLL_SOURCE_DIR};

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

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
        const bool part = entry.path().filename() == "common.yaml";  // the others include it
        if (entry.path().extension() == ".yaml" && !part) {
            expect_valid(read_file(entry.path()), entry.path().string());
            ++seen;
        }
    }
    EXPECT_GT(seen, 0U);
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
