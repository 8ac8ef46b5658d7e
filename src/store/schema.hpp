// The tables of a run file. docs/run-file.md explains them to people.
#pragma once

#include "record/load_counts.hpp"
#include "record/threshold.hpp"
#include "signal/reading.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace plimsoll::schema {

/// "PLIM" in ASCII, in the file's header: tells a run file from any other SQLite database.
inline constexpr std::int64_t kApplicationId = 0x504c494d;
/// PRAGMA user_version. Raised whenever an older reader would misread the file.
inline constexpr std::int64_t kVersion = 6;
/// The oldest that is still read: 3 knew no censored values and no requests that were cut off, 4 no
/// checks of those; up to 5 what count_tick holds had columns in tables of its own.
inline constexpr std::int64_t kOldestVersion = 3;
inline constexpr const char* kFileName = "run.db";

/// So many of kLoadCounts, the first, have a column in table `tick`, in that order; the others have
/// rows in count_tick, by their names: a new one changes no table.
inline constexpr std::size_t kCountsInTick = 11;
static_assert(kLoadCounts[kCountsInTick - 1].name == "interrupted");

// Rows are only ever added at the end: more pages in memory would be kept for nothing. SQLite's own
// 2,000 KiB would fill up minutes into the run and look like a leak.
inline constexpr const char* kCacheSize = "PRAGMA cache_size=-400; ";

/// Every CREATE statement, for an empty database.
extern const char* const kTables;

/// Names under which enumerators are stored, by their order. `index_of` is nullopt for another
/// word.
inline constexpr std::array<std::string_view, 11> kThresholdMetrics{
    "response_time",  "service_time", "failed",    "requests",      "dropped", "checks",
    "group_duration", "iterations",   "data_sent", "data_received", "probe"};
inline constexpr std::array<std::string_view, 8> kStatistics{"avg",      "min",  "med",   "max",
                                                             "quantile", "rate", "count", "last"};
inline constexpr std::array<std::string_view, 4> kComparisons{"<", "<=", ">", ">="};
inline constexpr std::array<std::string_view, 2> kMetricTypes{"gauge", "counter"};

template <typename Enum>
[[nodiscard]] constexpr std::string_view name_of(std::span<const std::string_view> names,
                                                 Enum value) {
    return names[static_cast<std::size_t>(value)];
}
template <typename Enum>
[[nodiscard]] constexpr std::optional<Enum> value_of(std::span<const std::string_view> names,
                                                     std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return static_cast<Enum>(i);
        }
    }
    return std::nullopt;
}

}  // namespace plimsoll::schema
