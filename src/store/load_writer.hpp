// Writes what a run file says of the load and the probes before the first request.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"
#include "store/sqlite.hpp"

#include <span>

namespace plimsoll {

/// Endpoints, executors with their stages, user classes, checks, groups, tags and thresholds.
[[nodiscard]] Status write_load(sqlite::Database& database, const RunInfo& run);
/// In place of those that the executor had.
[[nodiscard]] Status write_stages(sqlite::Database& database, std::size_t executor,
                                  std::span<const StageInfo> stages);
/// The probes with their facts and metrics, whose ids count from 1, one probe's after another's.
[[nodiscard]] Status write_probes(sqlite::Database& database, std::span<const ProbeInfo> probes);

}  // namespace plimsoll
