#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Unit {
    std::string_view name;
    double nanoseconds;
};
constexpr std::array kUnits{Unit{"ns", 1},  Unit{"us", 1e3}, Unit{"µs", 1e3},   Unit{"ms", 1e6},
                            Unit{"s", 1e9}, Unit{"m", 60e9}, Unit{"h", 3600e9}, Unit{"d", 86400e9}};
constexpr double kLongest_ns = 10 * 366 * 86400e9;

std::optional<double> take_number(std::string_view& text) {
    double number = 0;
    const auto [end, code] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (code != std::errc{} || !std::isfinite(number)) {  // "inf" and "nan" are numbers to it
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::string_view take_word(std::string_view& text) {
    const auto end = text.find_first_of("0123456789.-+ ");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(word.size());
    return word;
}

Error bad_duration(std::string_view text, std::string_view why) {
    return Error{fmt::format("{}, got \"{}\"", why, text),
                 {},
                 "write a number and a unit, e.g. 250ms, 30s, 2m, 1h30m"};
}

/// Fixed notation without trailing zeros: what parse_duration reads, which knows no exponents.
std::string plain(double value, int decimals) {
    std::string text = fmt::format("{:.{}f}", value, decimals);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
        text.pop_back();
    }
    return text;
}

}  // namespace

Result<Nanoseconds> parse_duration(std::string_view text) {
    std::string_view rest = text;
    double total = 0;
    if (rest.empty()) {
        return bad_duration(text, "must be a duration");
    }
    while (!rest.empty()) {
        const auto number = take_number(rest);
        if (!number) {
            return bad_duration(text, "must be a duration");
        }
        if (*number < 0) {
            return bad_duration(text, "must not be negative");
        }
        const std::string_view word = take_word(rest);
        if (word.empty()) {
            return bad_duration(text, "must have a unit");
        }
        const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(),
                                              [&](const Unit& u) { return u.name == word; });
        if (unit == kUnits.end()) {
            return bad_duration(text, fmt::format("has an unknown unit \"{}\"", word));
        }
        total += *number * unit->nanoseconds;
    }
    if (total > kLongest_ns) {
        return bad_duration(text, "must be at most 10 years");
    }
    return Nanoseconds(std::llround(total));
}

Result<Rate> parse_rate(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return Error{fmt::format("{}, got \"{}\"", why, text),
                     {},
                     "write it as requests per second, e.g. 250/s (or /m, /h)"};
    };
    std::string_view rest = text;
    const auto number = take_number(rest);
    if (!number) {
        return bad("must be a rate");
    }
    if (*number < 0) {
        return bad("must not be negative");
    }
    constexpr std::array kMagnitudes{std::pair{'k', 1e3}, std::pair{'M', 1e6}};
    double value = *number;
    for (const auto& [letter, factor] : kMagnitudes) {
        if (rest.starts_with(letter)) {
            value *= factor;
            rest.remove_prefix(1);
            break;
        }
    }
    if (!std::isfinite(value)) {
        return bad("must be a rate");
    }
    if (rest == "/s") {
        return Rate::per_second(value);
    }
    if (rest == "/m") {
        return Rate::per_second(value / 60);
    }
    if (rest == "/h") {
        return Rate::per_second(value / 3600);
    }
    return bad(rest.empty() ? "must have a unit" : "has an unknown unit");
}

std::string format_duration(Nanoseconds duration) {
    const auto ns = duration.count();
    if (ns == 0) {
        return "0s";
    }
    if (ns % 1'000'000 != 0 && ns < 1'000'000'000) {
        return plain(static_cast<double>(ns) / 1e3, 3) + "us";
    }
    if (ns < 1'000'000'000) {
        return fmt::format("{}ms", ns / 1'000'000);
    }
    std::string text;
    auto rest = ns;
    const auto take = [&](std::int64_t unit_ns, char name) {
        if (rest >= unit_ns) {
            text += fmt::format("{}{}", rest / unit_ns, name);
            rest %= unit_ns;
        }
    };
    take(3'600'000'000'000, 'h');
    take(60'000'000'000, 'm');
    if (rest > 0) {
        text += plain(static_cast<double>(rest) / 1e9, 9) + "s";
    }
    return text;
}

std::string human_seconds(double seconds) {
    if (seconds == 0) {
        return "0 s";
    }
    // The next unit begins where three digits would round up to a thousand.
    const double magnitude = std::abs(seconds);
    const auto [scale, unit] = magnitude < 0.9995e-3 ? std::pair{1e6, "µs"}
                               : magnitude < 0.9995  ? std::pair{1e3, "ms"}
                                                     : std::pair{1.0, "s"};
    const double shown = seconds * scale;
    const int decimals = std::abs(shown) >= 99.95 ? 0 : std::abs(shown) >= 9.995 ? 1 : 2;
    return fmt::format("{:.{}f} {}", shown, decimals, unit);
}

std::string format_rate(Rate rate) {
    const double value = rate.per_second();
    const bool whole = std::abs(value - std::round(value)) < 0.05;
    return whole ? fmt::format("{:.0f}/s", value) : fmt::format("{:.1f}/s", value);
}

}  // namespace plimsoll
