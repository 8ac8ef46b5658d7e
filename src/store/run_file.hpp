// What every run file begins with.
#pragma once

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace plimsoll {

/// Marks an empty database as a run file of this version and makes its tables. Leaves a transaction
/// open, for what is written first.
[[nodiscard]] Status create_run_tables(sqlite::Database& database);

}  // namespace plimsoll
