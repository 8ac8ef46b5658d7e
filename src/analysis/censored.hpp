// What is known of values some of which are lower bounds: requests that were given up, by their
// timeout or because the run ended, took at least their age.
#pragma once

#include "record/interval.hpp"
#include "record/threshold.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace plimsoll {

/// The true value lies in [low, high]: with every lower bound exact, and with every one infinite.
struct Bounds {
    double low = 0;
    double high = 0;
    static constexpr double kUnbounded = std::numeric_limits<double>::infinity();
    friend bool operator==(const Bounds&, const Bounds&) = default;
};

/// A statistic of times in seconds. `censored` is the part of `all` that are lower bounds. A
/// quantile is the value of rank ⌈q·n⌉ of all n, as Histogram::quantile; where that many were not
/// answered it is unbounded. nullopt: nothing was recorded, or no statistic of times.
[[nodiscard]] std::optional<Bounds> bounds_of(Statistic statistic, double quantile,
                                              const Histogram& all, const Histogram& censored);

/// What became of requests. Those that were cut off failed where they were older than 99 % of what
/// the same endpoints answered took, and all of them where nothing was answered; else nobody knows
/// (docs/decisions/0015-censored-values.md).
struct Failures {
    std::uint64_t certain = 0;  // EndpointStats::failed, and of those cut off the old ones
    std::uint64_t unknown = 0;  // cut off, and young

    friend bool operator==(const Failures&, const Failures&) = default;
};
[[nodiscard]] Failures failures_of(const EndpointStats& stats);

/// Complete responses, whatever they said.
[[nodiscard]] std::uint64_t count_answers(const EndpointStats& stats);
/// The response time, due → last byte, of rank ⌈q·n⌉ among those that are no lower bounds, in
/// seconds; 0 where there is none.
[[nodiscard]] double answered_quantile(const EndpointStats& stats, double q);

}  // namespace plimsoll
