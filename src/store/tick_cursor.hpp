// Walks the per-tick tables of a run file side by side.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/run_reader.hpp"
#include "store/sqlite.hpp"

#include <functional>

namespace plimsoll {

/// See RunReader::for_each_tick. `database` must be within one transaction.
[[nodiscard]] Status walk_ticks(const sqlite::Database& database, const RunInfo& info,
                                const std::function<void(const StoredTick&)>& visit);

}  // namespace plimsoll
