// Where the texts of kernels and engines lie that these tests read.
#pragma once

#include <filesystem>

namespace plimsoll {

inline const std::filesystem::path kFixtures =
    std::filesystem::path(PLIMSOLL_SOURCE_DIR) / "tests/unit/container/fixtures";

}  // namespace plimsoll
