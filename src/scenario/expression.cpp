#include "scenario/expression.hpp"

#include "scenario/expression_names.hpp"
#include "scenario/expression_parser.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr int kDeepest = 64;
constexpr std::size_t kLongestExpression = 64U << 10U;

}  // namespace

Result<std::uint32_t> ExpressionParser::whole() {
    auto root = sum(0);
    skip_spaces();
    if (root && at_ != text_.size()) {
        return wrong(fmt::format("cannot go on with {}", in_quotes(text_.substr(at_))));
    }
    return root;
}

void ExpressionParser::skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
        ++at_;
    }
}

char ExpressionParser::peek() {
    skip_spaces();
    return at_ < text_.size() ? text_[at_] : '\0';
}

bool ExpressionParser::take(char c) {
    const bool there = peek() == c;
    at_ += there ? 1 : 0;
    return there;
}

Error ExpressionParser::wrong(std::string_view what, std::string hint) const {
    return {fmt::format("{}: {}", shown(), what), {}, std::move(hint)};
}

Error ExpressionParser::too_long() {
    return {fmt::format("${{...}} has more than {} values", kMostValues),
            {},
            "split it: set variables with its parts"};
}

std::uint32_t ExpressionParser::add(Node node) {
    expression_.nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(expression_.nodes_.size() - 1);
}

ExpressionParser::Reading ExpressionParser::binary(Op op, std::uint32_t left, std::uint32_t right) {
    for (const std::uint32_t side : {left, right}) {
        if (node(side).op == Op::Text) {
            return wrong("arithmetic needs numbers",
                         "to join text write concat(a, b), or one expression beside the other");
        }
    }
    Node made;
    made.op = op;
    made.arguments = {left, right};
    return add(std::move(made));
}

ExpressionParser::Reading ExpressionParser::sum(int depth) {
    auto left = product(depth);
    while (left && (peek() == '+' || peek() == '-')) {
        if (expression_.nodes_.size() > kMostValues) {
            return too_long();
        }
        const Op op = text_[at_++] == '+' ? Op::Add : Op::Subtract;
        const auto right = product(depth);
        left = right ? binary(op, *left, *right) : right;
    }
    return left;
}

ExpressionParser::Reading ExpressionParser::product(int depth) {
    auto left = unary(depth);
    while (left && (peek() == '*' || peek() == '/' || peek() == '%')) {
        if (expression_.nodes_.size() > kMostValues) {
            return too_long();
        }
        const char sign = text_[at_++];
        const Op op = sign == '*' ? Op::Multiply : sign == '/' ? Op::Divide : Op::Remainder;
        const auto right = unary(depth);
        left = right ? binary(op, *left, *right) : right;
    }
    return left;
}

ExpressionParser::Reading ExpressionParser::unary(int depth) {
    if (depth > kDeepest) {
        return wrong("is nested too deeply");
    }
    if (!take('-')) {
        return primary(depth);
    }
    const auto operand = unary(depth + 1);
    if (!operand) {
        return operand;
    }
    Node& inner = expression_.nodes_[*operand];
    if (inner.op == Op::Number && inner.text.front() != '-') {
        inner.text.insert(inner.text.begin(), '-');
        inner.number.integer = -inner.number.integer;
        inner.number.real = -inner.number.real;
        return operand;
    }
    Node made;
    made.op = Op::Negate;
    made.arguments = {*operand};
    return add(std::move(made));
}

ExpressionParser::Reading ExpressionParser::primary(int depth) {
    const char next = peek();
    if (next == '(') {
        ++at_;
        auto inner = sum(depth + 1);
        if (inner && !take(')')) {
            return wrong("a ) is missing");
        }
        return inner;
    }
    if (next == '\'' || next == '"') {
        return quoted(next);
    }
    if (is_digit(next)) {
        return number();
    }
    if (is_letter(next)) {
        return name(depth);
    }
    return next == '\0' ? wrong("a value is missing")
                        : wrong(fmt::format("cannot go on with {}", in_quotes(text_.substr(at_))));
}

ExpressionParser::Reading ExpressionParser::quoted(char quote) {
    ++at_;
    Node made;
    made.op = Op::Text;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
            ++at_;
        }
        made.text += text_[at_];
    }
    if (at_ == text_.size()) {
        return wrong(fmt::format("the quote {} is not closed", quote));
    }
    ++at_;
    return add(std::move(made));
}

ExpressionParser::Reading ExpressionParser::number() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) {
        ++at_;
    }
    Node made;
    made.op = Op::Number;
    made.text = text_.substr(begin, at_ - begin);
    const char* const first = made.text.data();
    const char* const last = first + made.text.size();
    const auto integer = std::from_chars(first, last, made.number.integer);
    made.number.whole = integer.ec == std::errc{} && integer.ptr == last;
    if (!made.number.whole) {
        const auto real = std::from_chars(first, last, made.number.real);
        if (real.ec != std::errc{} || real.ptr != last || made.text.back() == '.') {
            return wrong(fmt::format("{} is not a number", in_quotes(made.text)));
        }
    }
    return add(std::move(made));
}

std::string_view ExpressionParser::word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) {
        ++at_;
    }
    return text_.substr(begin, at_ - begin);
}

Result<Expression> Expression::compile(std::string_view inner, const TemplateScope& scope,
                                       Notes& notes) {
    Expression expression;
    expression.source_ = inner;
    if (inner.empty()) {
        return Error{"unknown expression \"${}\"", {}, hint_for(inner, scope)};
    }
    if (inner.size() > kLongestExpression) {
        return Error{fmt::format("${{...}} is longer than {} bytes", kLongestExpression)};
    }
    ExpressionParser parser(inner, scope, expression, notes);
    const auto root = parser.whole();
    if (!root) {
        return root.error();
    }
    expression.root_ = *root;
    return expression;
}

std::size_t expression_end(std::string_view text, std::size_t open) {
    const std::string_view inner = text.substr(open + 2);
    const std::size_t first = inner.find('}');
    const std::size_t content = inner.find_first_not_of(" \t");
    const bool plain = content == std::string_view::npos ||
                       (inner.substr(content).starts_with("env.") &&
                        inner.substr(0, first).find(":-") != std::string_view::npos) ||
                       inner.substr(content).starts_with("secret.file:");
    if (plain || first == std::string_view::npos) {
        return first == std::string_view::npos ? first : open + 2 + first;
    }
    char quote = '\0';
    for (std::size_t at = 0; at < inner.size(); ++at) {
        const char c = inner[at];
        if (quote != '\0') {
            if (c == '\\') {
                ++at;
            } else if (c == quote) {
                quote = '\0';
            }
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '}') {
            return open + 2 + at;
        }
    }
    return open + 2 + first;  // a quote is not closed: the parser says so
}

bool is_identifier(std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace plimsoll
