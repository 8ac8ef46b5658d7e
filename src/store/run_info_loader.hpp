// Reads what a run file says of the run before its first request.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/sqlite.hpp"

namespace plimsoll {

/// Fills `info` and `finished` from tables that check_tables found sound. Error: a threshold's
/// option that no version writes.
[[nodiscard]] Status load_run_info(const sqlite::Database& database, RunInfo& info, bool& finished);

}  // namespace plimsoll
