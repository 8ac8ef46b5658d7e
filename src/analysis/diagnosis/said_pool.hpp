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
};
/// The pool with the most callers waiting, else with the most time-outs or waits. A pool counts
/// when callers waited in most samples after the break, gave up, or had to wait while all was in
/// use.
[[nodiscard]] std::optional<SaidPool> pool_with_queue(const Case& c);

}  // namespace plimsoll
