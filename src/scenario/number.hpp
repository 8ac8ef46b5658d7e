// Private to scenario: numbers of expressions, as text and in arithmetic.
#pragma once

#include "scenario/expression.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

template <typename Integer>
void append_integer(Integer value, std::string& out) {
    std::array<char, 20> digits;  // of 2^64 - 1, or of -2^63
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}
void append_number(const Number& number, std::string& out);

/// The number that all of `text` is, spaces around it aside. A whole one beyond 64 bits is none.
[[nodiscard]] std::optional<Number> parse_as_number(std::string_view text);

[[nodiscard]] Number whole(std::int64_t value);
/// Whole where `value` is and fits.
[[nodiscard]] Number from_real(double value);

/// Add to Remainder, Min and Max; `b` is not 0 where it divides. False where the result is no whole
/// number, or does not fit.
[[nodiscard]] bool whole_result(Expression::Op op, std::int64_t a, std::int64_t b, Number& value);
[[nodiscard]] double real_result(Expression::Op op, double a, double b);

}  // namespace plimsoll
