// What an expression computes.
#include "scenario/evaluation.hpp"
#include "scenario/number.hpp"
#include "scenario/text_functions.hpp"

#include <cmath>
#include <limits>

namespace plimsoll {

bool Evaluation::integer(std::uint32_t index, std::int64_t& value, std::string& out) {
    Number read;
    if (!number(index, read, out)) {
        return false;
    }
    if (!read.whole) {
        return fails("a whole number is needed");
    }
    value = read.integer;
    return true;
}

bool Evaluation::number(std::uint32_t index, Number& value, std::string& out) {
    const Node& node = expression_.nodes_[index];
    switch (node.op) {
        case Op::Number:
            value = node.number;
            return true;
        case Op::User:
            value = whole(static_cast<std::int64_t>(context_.user));
            return true;
        case Op::Iteration:
            value = whole(static_cast<std::int64_t>(context_.iteration));
            return true;
        case Op::Executor:
            value = whole(context_.executor);
            return true;
        case Op::RandomInt:
            return random_int(node, value, out);
        case Op::Length: {
            const std::size_t begin = out.size();
            const bool there = append(node.arguments[0], out);
            value = whole(
                static_cast<std::int64_t>(characters_in(std::string_view(out).substr(begin))));
            out.resize(begin);
            return there;
        }
        case Op::Negate:
        case Op::Int:
        case Op::Round:
            return unary(node, value, out);
        case Op::Add:
        case Op::Subtract:
        case Op::Multiply:
        case Op::Divide:
        case Op::Remainder:
        case Op::Min:
        case Op::Max:
            return binary(node, value, out);
        default:
            return number_in_text(index, value, out);
    }
}

bool Evaluation::number_in_text(std::uint32_t index, Number& value, std::string& out) {
    const std::size_t begin = out.size();
    if (!append(index, out)) {
        out.resize(begin);
        return false;
    }
    const std::string_view text = std::string_view(out).substr(begin);
    const auto read = parse_as_number(text);
    const bool digits = text.find_first_not_of("-0123456789 ") == std::string_view::npos &&
                        json_type(text) == ValueType::Number;
    out.resize(begin);
    if (!read) {
        return fails(digits ? "a whole number beyond 64 bits" : "text that is not a number");
    }
    value = *read;
    return true;
}

bool Evaluation::random_int(const Node& node, Number& value, std::string& out) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (!integer(node.arguments[0], low, out) || !integer(node.arguments[1], high, out)) {
        return false;
    }
    if (low > high) {
        return fails("the first number is above the second");
    }
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    value = whole(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + random_.between(0, span)));
    return true;
}

bool Evaluation::unary(const Node& node, Number& value, std::string& out) {
    if (!number(node.arguments[0], value, out)) {
        return false;
    }
    if (node.op == Op::Negate) {
        const bool fits = value.whole && value.integer != std::numeric_limits<std::int64_t>::min();
        value = fits ? whole(-value.integer) : from_real(-value.as_real());
    } else if (!value.whole) {
        value = from_real(node.op == Op::Int ? std::trunc(value.real) : std::round(value.real));
    }
    return true;
}

bool Evaluation::binary(const Node& node, Number& value, std::string& out) {
    Number left;
    Number right;
    if (!number(node.arguments[0], left, out) || !number(node.arguments[1], right, out)) {
        return false;
    }
    const bool divides = node.op == Op::Divide || node.op == Op::Remainder;
    if (divides && right.as_real() == 0) {
        return fails("division by zero");
    }
    if (left.whole && right.whole && whole_result(node.op, left.integer, right.integer, value)) {
        return true;
    }
    value = from_real(real_result(node.op, left.as_real(), right.as_real()));
    return value.whole || std::isfinite(value.real) || fails("the result is too large");
}

}  // namespace plimsoll
