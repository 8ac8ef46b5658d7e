// What becomes of a run's file: reports, the verdict, the exit code.
#pragma once

#include "app/exit_code.hpp"
#include "app/run_session.hpp"
#include "exporters/prometheus/broke_at.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// What a run came to, for the metrics endpoint.
struct RunOutcome {
    std::vector<std::pair<std::string, std::string>> findings;  // cause, confidence
    std::vector<std::pair<std::string, bool>> thresholds;       // "KEY: EXPRESSION", held
    std::optional<BrokeAt> broke_at;
};

/// Reads a run file, writes all its reports beside it and prints the verdict. `code` is what the
/// run came to so far; a failed threshold or an invalid measurement changes Passed. `outcome`,
/// where given, takes what the metrics say of it.
[[nodiscard]] ExitCode report_run(const std::filesystem::path& run_dir,
                                  const SessionOptions& options, ExitCode code,
                                  RunOutcome* outcome = nullptr);

}  // namespace plimsoll
