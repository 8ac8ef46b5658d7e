// What becomes of a run's file: reports, the verdict, the exit code.
#pragma once

#include "analysis/result.hpp"
#include "app/exit_code.hpp"
#include "app/run_session.hpp"
#include "store/run_reader.hpp"

#include <filesystem>

namespace plimsoll {

/// Writes all reports of a run beside its file and prints the verdict. `code` is what the run came
/// to so far; a failed threshold or an invalid measurement changes Passed.
[[nodiscard]] ExitCode report_run(const std::filesystem::path& run_dir, const RunReader& reader,
                                  const Analysis& analysis, const SessionOptions& options,
                                  ExitCode code);
/// The same of a run that is on disk alone, which came to its end.
[[nodiscard]] ExitCode report_run(const std::filesystem::path& run_dir,
                                  const SessionOptions& options);

}  // namespace plimsoll
