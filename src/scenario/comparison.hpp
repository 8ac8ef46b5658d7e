// Private to scenario: two values in text form against each other, for conditions and checks.
#pragma once

#include "scenario/template.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

namespace plimsoll {

/// `a` OP `b` for an `Op` with Equals, NotEquals, Less, LessOrEqual, Greater and GreaterOrEqual;
/// others must not come here.
template <typename Op, typename T>
[[nodiscard]] bool ordered(Op op, const T& a, const T& b) {
    switch (op) {
        case Op::Equals:
            return a == b;
        case Op::NotEquals:
            return !(a == b);
        case Op::Less:
            return a < b;
        case Op::LessOrEqual:
            return a <= b;
        case Op::Greater:
            return a > b;
        default:
            return a >= b;
    }
}

/// Of a text that json_type calls a number; beyond what a double holds, infinity or 0.
[[nodiscard]] inline double number_in(std::string_view text) {
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
        const std::size_t exponent = text.find_first_of("eE");
        const bool tiny =
            exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-');
        const double far = text.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
        return tiny ? 0 : far;
    }
    return value;
}

/// -1, 0 or 1 of two numbers that are written as whole ones, of any length, without leading zeros.
[[nodiscard]] inline int compare_whole(std::string_view a, std::string_view b) {
    const auto is_zero = [](std::string_view text) { return text == "0" || text == "-0"; };
    const auto negative = [&](std::string_view text) {
        return text.starts_with('-') && !is_zero(text);
    };
    if (negative(a) != negative(b)) {
        return negative(a) ? -1 : 1;
    }
    const int sign = negative(a) ? -1 : 1;
    const auto digits = [](std::string_view text) {
        return text.substr(text.starts_with('-') ? 1 : 0);
    };
    const std::string_view x = digits(a);
    const std::string_view y = digits(b);
    if (x.size() != y.size()) {
        return x.size() < y.size() ? -sign : sign;
    }
    const int order = x.compare(y);
    return order == 0 ? 0 : order < 0 ? -sign : sign;
}

/// Two texts that json_type calls numbers: whole ones exactly, others as doubles.
template <typename Op>
[[nodiscard]] bool compare_numbers(Op op, std::string_view a, std::string_view b) {
    const auto whole = [](std::string_view text) {
        return text.find_first_of(".eE") == std::string_view::npos;
    };
    return whole(a) && whole(b) ? ordered(op, compare_whole(a, b), 0)
                                : ordered(op, number_in(a), number_in(b));
}

/// Two numbers compare as numbers, all else as text.
template <typename Op>
[[nodiscard]] bool compare_values(Op op, std::string_view a, std::string_view b) {
    return json_type(a) == ValueType::Number && json_type(b) == ValueType::Number
               ? compare_numbers(op, a, b)
               : ordered(op, a, b);
}

}  // namespace plimsoll
