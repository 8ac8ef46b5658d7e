// Private to store: one row of a table that grows with time, as a part of its tick. Errors say
// which table is damaged; the file's name is the caller's to add.
#pragma once

#include "base/result.hpp"
#include "record/interval.hpp"
#include "store/run_reader.hpp"
#include "store/sqlite.hpp"

namespace plimsoll::tick_rows {

/// Eight columns from `first` on, in the order of the schema.
[[nodiscard]] ShardState read_state(const sqlite::Statement& row, int first);
/// Of the table tick.
[[nodiscard]] StoredTick read_tick(const sqlite::Statement& row);

// Each of the table of its name, into `tick`, whose endpoints, groups and checks are there.
[[nodiscard]] Status read_endpoint(const sqlite::Statement& row, StoredTick& tick);
[[nodiscard]] Status read_group(const sqlite::Statement& row, StoredTick& tick);
[[nodiscard]] Status read_check(const sqlite::Statement& row, StoredTick& tick);
[[nodiscard]] Status read_phase(const sqlite::Statement& row, StoredTick& tick);
[[nodiscard]] Status read_censored(const sqlite::Statement& row, StoredTick& tick);
[[nodiscard]] Status read_censored_group(const sqlite::Statement& row, StoredTick& tick);
[[nodiscard]] Status read_cut_check(const sqlite::Statement& row, StoredTick& tick);
void read_flow(const sqlite::Statement& row, LoadCounts& counts);

/// Schema 3 says how many requests ran into their timeout, not after how long: they are taken as
/// the slowest of their tick.
void guess_censored(StoredTick& tick);

}  // namespace plimsoll::tick_rows
