// What becomes of a run's file: reports, the verdict, the exit code.
#pragma once

#include "app/exit_code.hpp"
#include "app/run_session.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Reads a run file, writes all its reports beside it and prints the verdict. `code` is what the
/// run came to so far; a failed threshold or an invalid measurement changes Passed. `findings`,
/// where given, takes cause and confidence of each.
[[nodiscard]] ExitCode report_run(
    const std::filesystem::path& run_dir, const SessionOptions& options, ExitCode code,
    std::vector<std::pair<std::string, std::string>>* findings = nullptr);

}  // namespace plimsoll
