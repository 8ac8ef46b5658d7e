// Whether what a run file holds can be: checked once, before anything of it is used.
#pragma once

#include "base/result.hpp"
#include "store/sqlite.hpp"

namespace plimsoll {

/// Walks every table of a run file. Ids refer to rows that are there, counts and times lie within
/// what a run can have, words are ones that we know, rows stand in their order. Whoever reads the
/// file after that may index by its ids and add up its numbers. Histograms are not looked at: they
/// are checked as they are unpacked.
///
/// Error: the table, the row, the column, what stands there and what should; also where the file is
/// damaged in SQLite's own eyes, or holds a view in place of a table. Must run within the
/// transaction that reads the rest where the run may still be written.
[[nodiscard]] Status check_tables(const sqlite::Database& database);

}  // namespace plimsoll
