// Reads one row of each table that has rows by tick.
#pragma once

#include "base/result.hpp"
#include "store/run_reader.hpp"
#include "store/sqlite.hpp"

namespace plimsoll {

/// Eight columns from `first` on, in the order of the schema.
[[nodiscard]] ShardState read_state(const sqlite::Row& row, int first);
[[nodiscard]] StoredTick read_tick(const sqlite::Row& row);
[[nodiscard]] Status read_endpoint(const sqlite::Row& row, StoredTick& tick);
[[nodiscard]] Status read_censored(const sqlite::Row& row, StoredTick& tick);
[[nodiscard]] Status read_censored_group(const sqlite::Row& row, StoredTick& tick);
void guess_censored(StoredTick& tick);
void read_count(const sqlite::Row& row, LoadCounts& counts);
void read_flow(const sqlite::Row& row, LoadCounts& counts);
[[nodiscard]] Status read_group(const sqlite::Row& row, StoredTick& tick);
[[nodiscard]] Status read_check(const sqlite::Row& row, StoredTick& tick);
[[nodiscard]] Status read_cut_check(const sqlite::Row& row, StoredTick& tick);
[[nodiscard]] Status read_phase(const sqlite::Row& row, StoredTick& tick);

}  // namespace plimsoll
