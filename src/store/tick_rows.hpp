// Reads one row of each table that has rows by tick.
#pragma once

#include "base/result.hpp"
#include "store/run_reader.hpp"
#include "store/sqlite.hpp"

namespace plimsoll {

/// Eight columns from `first` on, in the order of the schema.
[[nodiscard]] ShardState read_state(const sqlite::Row& row, int first);
/// What the tick's own row has; its load is empty.
[[nodiscard]] StoredTick read_tick(const sqlite::Row& row);
// These add a row's counts and times to those that are there.
[[nodiscard]] Status read_endpoint(const sqlite::Row& row, TickLoad& load);
[[nodiscard]] Status read_censored(const sqlite::Row& row, TickLoad& load);
[[nodiscard]] Status read_censored_group(const sqlite::Row& row, TickLoad& load);
/// Of one tick's load.
void guess_censored(TickLoad& tick);
void read_count(const sqlite::Row& row, LoadCounts& counts);
void read_flow(const sqlite::Row& row, LoadCounts& counts);
[[nodiscard]] Status read_group(const sqlite::Row& row, TickLoad& load);
[[nodiscard]] Status read_check(const sqlite::Row& row, TickLoad& load);
[[nodiscard]] Status read_cut_check(const sqlite::Row& row, TickLoad& load);
[[nodiscard]] Status read_phase(const sqlite::Row& row, TickLoad& load);

}  // namespace plimsoll
