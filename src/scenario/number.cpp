#include "scenario/number.hpp"

#include <algorithm>
#include <cmath>
#include <system_error>

namespace plimsoll {
namespace {

using Operation = Expression::Op;

void append_real(double value, std::string& out) {
    constexpr double kExact = 9007199254740992.0;  // 2^53: below it every whole number is exact
    if (std::trunc(value) == value && std::fabs(value) < kExact) {
        append_integer(static_cast<std::int64_t>(value), out);
        return;
    }
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

}  // namespace

void append_number(const Number& number, std::string& out) {
    number.whole ? append_integer(number.integer, out) : append_real(number.real, out);
}

std::optional<Number> parse_as_number(std::string_view text) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    Number number;
    const char* const last = text.data() + text.size();
    const auto integer = std::from_chars(text.data(), last, number.integer);
    if (integer.ec == std::errc{} && integer.ptr == last && !text.empty()) {
        return number;
    }
    if (integer.ec == std::errc::result_out_of_range && integer.ptr == last) {
        return std::nullopt;  // as a double it would silently be another number
    }
    number.whole = false;
    const auto real = std::from_chars(text.data(), last, number.real);
    const bool read = real.ec == std::errc{} && real.ptr == last && !text.empty();
    return read && std::isfinite(number.real) ? std::optional(number) : std::nullopt;
}

Number whole(std::int64_t value) {
    return {true, value, 0};
}

Number from_real(double value) {
    constexpr double kLimit = 9.2e18;
    if (std::trunc(value) == value && std::fabs(value) < kLimit) {
        return whole(static_cast<std::int64_t>(value));
    }
    return {false, 0, value};
}

bool whole_result(Operation op, std::int64_t a, std::int64_t b, Number& value) {
    std::int64_t result = 0;
    switch (op) {
        case Operation::Add:
            if (__builtin_add_overflow(a, b, &result)) {
                return false;
            }
            break;
        case Operation::Subtract:
            if (__builtin_sub_overflow(a, b, &result)) {
                return false;
            }
            break;
        case Operation::Multiply:
            if (__builtin_mul_overflow(a, b, &result)) {
                return false;
            }
            break;
        case Operation::Divide:
            if (b == -1 || a % b != 0) {
                return false;
            }
            result = a / b;
            break;
        case Operation::Remainder:
            result = b == -1 ? 0 : a % b;
            break;
        case Operation::Min:
            result = std::min(a, b);
            break;
        default:
            result = std::max(a, b);
            break;
    }
    value = whole(result);
    return true;
}

double real_result(Operation op, double a, double b) {
    switch (op) {
        case Operation::Add:
            return a + b;
        case Operation::Subtract:
            return a - b;
        case Operation::Multiply:
            return a * b;
        case Operation::Divide:
            return a / b;
        case Operation::Remainder:
            return std::fmod(a, b);
        case Operation::Min:
            return std::min(a, b);
        default:
            return std::max(a, b);
    }
}

}  // namespace plimsoll
