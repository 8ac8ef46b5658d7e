// Durations and rates as people write them. A number without a unit is never accepted.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace plimsoll {

/// Events per second. A type of its own so that a rate is never confused with a count or a ratio.
class Rate {
public:
    constexpr Rate() = default;
    [[nodiscard]] static constexpr Rate per_second(double value) { return Rate(value); }
    [[nodiscard]] constexpr double per_second() const { return per_second_; }
    friend constexpr auto operator<=>(Rate, Rate) = default;

private:
    explicit constexpr Rate(double value) : per_second_(value) {}
    double per_second_ = 0;
};

/// Reads "250ms", "1.5s", "2m", "1h30m", "10us", "1d": one or more number-unit pairs.
/// Error: no unit, unknown unit, negative, empty, or more than 10 years. `what` says what is wrong
/// and what it should be; `where` is left to the caller.
[[nodiscard]] Result<Nanoseconds> parse_duration(std::string_view text);

/// Reads "200/s", "12.5/s", "600/m", "36000/h", "20k/s", "2M/s". Error as above.
[[nodiscard]] Result<Rate> parse_rate(std::string_view text);

/// The shortest of "1.5s", "250ms", "12us", "2m30s", "0s" that reads back the same to 1 µs.
[[nodiscard]] std::string format_duration(Nanoseconds duration);

/// Three significant digits and the unit that fits, for people: "1.23 ms", "45.6 s", "789 µs",
/// "0 s".
[[nodiscard]] std::string human_seconds(double seconds);

/// "1234.5/s" with at most one decimal, none when whole.
[[nodiscard]] std::string format_rate(Rate rate);

}  // namespace plimsoll
