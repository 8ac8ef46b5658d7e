#include "support/report/golden.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace plimsoll::golden {

void expect_golden(const std::string& name, const std::string& actual) {
    const auto file = std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "tests/golden" / name;
    const char* update = std::getenv("PLIMSOLL_UPDATE_GOLDEN");
    if (update != nullptr && std::string(update) == "1") {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << actual;
        return;
    }
    std::ifstream in(file, std::ios::binary);
    ASSERT_TRUE(in) << "no golden file " << file
                    << "; make it with PLIMSOLL_UPDATE_GOLDEN=1 and read it";
    std::ostringstream expected;
    expected << in.rdbuf();
    EXPECT_EQ(actual, expected.str())
        << "differs from " << file << "; if it should, update it with PLIMSOLL_UPDATE_GOLDEN=1";
}

}  // namespace plimsoll::golden
