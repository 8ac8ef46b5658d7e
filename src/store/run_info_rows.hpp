// Private to store: what a run file says of its run as a whole.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/sqlite.hpp"

namespace plimsoll {

/// Reads what was written before the first request into `info`. The tables must have passed
/// check_tables. Error: as there.
[[nodiscard]] Status read_run_info(const sqlite::Database& database, RunInfo& info, bool& finished);

}  // namespace plimsoll
