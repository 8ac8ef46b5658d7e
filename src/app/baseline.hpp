// Runs on disk that others are compared with: folders of runs, and the last good one kept.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace plimsoll {

/// The runs that an argument names: a run file, a run folder, or a folder of those, in the order of
/// their names. Error: a folder that holds none.
[[nodiscard]] Result<std::vector<std::string>> runs_in(const std::string& path);

/// The runs kept in the folder; none where it is missing or empty. Error: what the system says.
[[nodiscard]] Result<std::vector<std::string>> kept_runs(const std::filesystem::path& folder);

/// Replaces what the folder keeps by the run files of `runs`, each of which appears there whole or
/// not at all. Makes the folder where it is missing. Error: what the system says.
[[nodiscard]] Status keep_runs(const std::filesystem::path& folder,
                               const std::vector<std::string>& runs);

}  // namespace plimsoll
