// Connection pools as the application itself reports them (plimsoll_app_pool_*).
#pragma once

#include "analysis/diagnosis/case.hpp"

#include <optional>
#include <string>

namespace plimsoll {

/// A pool that made callers wait after the break.
struct SaidPool {
    std::string name;
    double size = 0;                    // 0: it does not say
    double used_mean = 0;               // after the break
    double pending_median = 0;          // callers waiting, of the samples after the break
    double timeouts = 0, waits = 0;     // callers, after the break
    std::optional<double> used_before;  // mean, before the break
    double onset_s = 0;                 // since when callers waited
    /// "pool main: 5 of 5 connections in use, 42 callers waiting (median)".
    [[nodiscard]] std::string shown() const;
    /// For what made it count: callers that waited, or gave up, or its connections in use.
    [[nodiscard]] std::string query(const Case& c) const;
};
/// The pool with the most callers waiting, else with the most time-outs or waits. A pool counts
/// when callers waited in most samples after the break, gave up, or had to wait while all was in
/// use.
[[nodiscard]] std::optional<SaidPool> pool_with_queue(const Case& c);

/// A pool with connections to spare after the break, by its own figures, and nobody waiting.
struct RoomyPool {
    std::string name;
    double size = 0, used = 0;
};
/// nullopt where no pool says so, or any says otherwise.
[[nodiscard]] std::optional<RoomyPool> pool_with_room(const Case& c);

/// Answers that carry a connection pool's own words for "no connection became free".
[[nodiscard]] ErrorsLike pool_errors(const RunData& data);
/// "QueuePool limit of size 5 overflow 10 reached" (SQLAlchemy): 15.
[[nodiscard]] std::optional<double> pool_size_in(const std::string& text);

}  // namespace plimsoll
