// Arithmetic on probe series, for the rules of diagnosis.
#pragma once

#include "analysis/run_data.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Seconds from the run's start: [from, to).
struct Window {
    double from_s = 0, to_s = 0;
    [[nodiscard]] double seconds() const { return to_s - from_s; }
    [[nodiscard]] bool holds(double t_s) const { return t_s >= from_s && t_s < to_s; }
};

/// A value at each of some times, in order.
using Signal = std::vector<StoredSeries::Point>;

/// The sum over all series of `metric` that `wanted` accepts, at every reading of their probe: a
/// reading in which such a series has no point counts as 0 for it. Empty: no probe reports the
/// metric. Where several probes do (two servers), each one's last sum holds until its next reading.
[[nodiscard]] Signal sum_of(const RunData& data, std::string_view metric,
                            const std::function<bool(const StoredSeries&)>& wanted);

/// The points of the one series of `metric` whose label has this value; empty where there is none.
[[nodiscard]] Signal series_of(const RunData& data, std::string_view metric,
                               std::string_view label = {}, std::string_view value = {});

[[nodiscard]] std::size_t samples_in(const Signal& signal, Window window);
[[nodiscard]] std::optional<double> mean_in(const Signal& signal, Window window);
[[nodiscard]] std::optional<double> median_in(const Signal& signal, Window window);
[[nodiscard]] std::optional<double> max_in(const Signal& signal, Window window);
/// The share of samples that `holds` accepts.
[[nodiscard]] std::optional<double> share_in(const Signal& signal, Window window,
                                             const std::function<bool(double)>& holds);

/// How much a counter rose within the window (restarts left out), and when it first did.
[[nodiscard]] double increase_in(const Signal& counter, Window window);
/// Its rise per second between its first and last point in the window; nullopt under two points.
[[nodiscard]] std::optional<double> rate_in(const Signal& counter, Window window);
/// The time of the last point before a counter's first rise: what it counts began after that.
[[nodiscard]] std::optional<double> first_rise(const Signal& counter);

/// When `holds` began to be true for at least `share` of the samples, as far back from the end of
/// the window as it goes; nullopt where it never did. The last zero of a cumulative sum that rises
/// by 1 − share per true sample and falls by share per false one.
[[nodiscard]] std::optional<double> sustained_since(const Signal& signal, Window window,
                                                    double share,
                                                    const std::function<bool(double)>& holds);

}  // namespace plimsoll
