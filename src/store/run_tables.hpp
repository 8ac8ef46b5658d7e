// What the tables of a run file may hold, as data: run_check holds a file against it.
#pragma once

#include "base/units.hpp"
#include "store/schema.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace plimsoll::run_tables {

/// The longest time that a run may tell of.
inline constexpr std::int64_t kLongest_ns = Nanoseconds(std::chrono::hours(24 * 366)).count();

/// What a column may hold.
enum class Kind {
    Index,      // 0, 1, 2 ... row by row: what other tables refer to
    FromOne,    // 1, 2, 3 ...
    Ascending,  // from 0 on, above that of the row before
    Repeating,  // from 0 on, not below that of the row before
    Position,   // 0, 1, 2 ... as long as the column before it stays the same
    Refers,     // one of the rows of the table `of`, by its Index or FromOne
    Count,
    Small,        // a count of 32 bits
    Flag,         // 0 or 1
    Time,         // since the run's start; what was before it is negative
    TimeAfter,    // not before the column before it
    TimeInOrder,  // not before that of the row before
    Duration,
    Amount,  // a finite number of any sign; NULL: not a number
    Value,   // any number
    Status,  // of HTTP; 0: none
    Bits,    // any whole number
    Word,    // one of `words`
    Text,
    Bytes,
};

struct Column {
    const char* name;
    Kind kind;
    const char* of = nullptr;
    std::span<const std::string_view> words = {};
};
struct Table {
    const char* name;
    const char* order;
    std::span<const Column> columns;
    std::int64_t since = schema::kOldestVersion;  // the schema that brought it ...
    std::int64_t until = schema::kVersion;        // ... and the last that had it
};

/// Numbers of the table `run`, each by its key.
struct Setting {
    const char* key;
    std::int64_t least;
    std::int64_t most;
};

/// What no single row shows: a query that finds a row where it is not so.
struct Relation {
    const char* found;
    const char* what;  // with {} for the number that was found
};

/// What a table refers to stands before it.
[[nodiscard]] std::span<const Table> tables();
[[nodiscard]] std::span<const Setting> settings();
/// Keys of the table `run` that hold texts.
[[nodiscard]] std::span<const char* const> texts();
[[nodiscard]] std::span<const Relation> relations();

}  // namespace plimsoll::run_tables
