// Private to scenario: two values in text form against each other, for conditions and checks.
#pragma once

#include "scenario/template.hpp"

#include <charconv>
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

/// Of a text that json_type calls a number.
[[nodiscard]] inline double number_in(std::string_view text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Two numbers compare as numbers, all else as text.
template <typename Op>
[[nodiscard]] bool compare_values(Op op, std::string_view a, std::string_view b) {
    return json_type(a) == ValueType::Number && json_type(b) == ValueType::Number
               ? ordered(op, number_in(a), number_in(b))
               : ordered(op, a, b);
}

}  // namespace plimsoll
