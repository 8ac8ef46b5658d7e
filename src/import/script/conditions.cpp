// Conditions that a run decides, as `if` writes them.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::script {

std::optional<std::string> Interpreter::condition_text(const Comparison& one) {
    constexpr std::array<std::string_view, 6> kSigns{"==", "!=", "<", "<=", ">", ">="};
    const bool compares = std::find(kSigns.begin(), kSigns.end(), one.op) != kSigns.end();
    if (one.left.is(Type::Uniform) && compares && one.right.is(Type::Number)) {
        const double span = one.left.high - one.left.number;
        const double share = span > 0 ? (one.right.number - one.left.number) / span : 0;
        const bool below = one.op == "<" || one.op == "<=";
        if (!below && one.op != ">" && one.op != ">=") {
            return std::nullopt;
        }
        return fmt::format("${{random_int(1, 1000000)}} {} {}", below ? "<=" : ">",
                           number_text(std::round(std::clamp(share, 0.0, 1.0) * 1e6)));
    }
    const std::string left = expression_of(one.left);
    if (left.empty()) {
        return std::nullopt;
    }
    if (one.op == "exists" || one.op == "not exists") {
        return fmt::format("{}${{{}}}", one.op == "exists" ? "" : "not ", left);
    }
    if (!compares) {
        return std::nullopt;
    }
    if (one.right.is(Type::Bool)) {
        return fmt::format("${{{}}} {} {}", left, one.op, one.right.flag ? "true" : "false");
    }
    if (const auto right = one.right.plain()) {
        const bool safe =
            !right->empty() && right->find_first_of("'\"<>=!${}\\\n\r") == std::string::npos;
        return safe ? std::optional(fmt::format("${{{}}} {} {}", left, one.op, *right))
                    : std::nullopt;
    }
    const std::string right = expression_of(one.right);
    return right.empty() ? std::nullopt
                         : std::optional(fmt::format("${{{}}} {} ${{{}}}", left, one.op, right));
}

std::optional<std::vector<std::string>> Interpreter::condition_texts(const Value& test) {
    std::vector<std::string> texts;
    if (!test.is(Type::Condition)) {
        const std::string inner = expression_of(test);
        if (inner.empty()) {
            return std::nullopt;
        }
        texts.push_back(fmt::format("${{{}}}", inner));
        return texts;
    }
    for (const Comparison& one : *test.comparisons) {
        auto text = condition_text(one);
        if (!text) {
            return std::nullopt;
        }
        texts.push_back(*std::move(text));
    }
    return texts.empty() ? std::nullopt : std::optional(std::move(texts));
}

}  // namespace plimsoll::import::script
