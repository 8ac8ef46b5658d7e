// A source of each kind against the scenario that comes of it, notes included: tests/golden/import.
#include "tests/support/report/golden.hpp"

#include "import/import.hpp"
#include "scenario/parse.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

struct Kind {
    const char* name;
    const char* source;  // below tests
    Result<Imported> (*read)(std::string_view, const ImportOptions&);
};

class GoldenImport : public testing::TestWithParam<Kind> {};

TEST_P(GoldenImport, BecomesTheScenarioBesideIt) {
    const std::string path = std::string(PLIMSOLL_SOURCE_DIR "/tests/") + GetParam().source;
    ImportOptions options;
    options.source = path.substr(path.rfind('/') + 1);
    const std::string text = test::read_file(path);
    ASSERT_FALSE(text.empty()) << path;
    const auto imported = GetParam().read(text, options);
    ASSERT_TRUE(imported) << imported.error().to_string();
    const auto set = [](const char* /*name*/) -> const char* { return "http://127.0.0.1:1"; };
    const ParseOutcome parsed = parse_scenario(imported->text, {"s.yaml", set});
    EXPECT_TRUE(parsed.scenario) << format_faults(parsed.faults, "s.yaml");
    EXPECT_EQ(imported->text.find("hunter2"), std::string::npos);
    for (const std::string& note : imported->notes) {
        EXPECT_NE(imported->text.find("#   " + note), std::string::npos) << note;
    }
    golden::expect_golden(std::string("import/") + GetParam().name + ".yaml", imported->text);
}

std::string name_of(const testing::TestParamInfo<Kind>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, GoldenImport,
    testing::Values(Kind{"k6", "golden/import/shop.js", &import_k6},
                    Kind{"locust", "golden/import/shop.py", &import_locust},
                    Kind{"curl", "golden/import/shop.sh", &import_curl},
                    Kind{"har", "golden/import/shop.har", &import_har},
                    Kind{"openapi", "integration/import/shop.openapi.yaml", &import_openapi},
                    Kind{"postman", "integration/import/shop.postman_collection.json",
                         &import_postman}),
    name_of);

}  // namespace
}  // namespace plimsoll
