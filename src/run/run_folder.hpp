// Where a run's files go.
#pragma once

#include "base/result.hpp"

#include <filesystem>

namespace plimsoll {

/// Whether `folder` can be made, and holds no run. Nothing is made. Error: why not.
[[nodiscard]] Status check_run_folder(const std::filesystem::path& folder);
/// Makes it, with those above it. Error: as above, or what the system says.
[[nodiscard]] Status make_run_folder(const std::filesystem::path& folder);

}  // namespace plimsoll
