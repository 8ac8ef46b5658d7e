// Calls of functions in expressions.
#include "scenario/digest.hpp"
#include "scenario/expression_names.hpp"
#include "scenario/expression_parser.hpp"

#include <algorithm>
#include <vector>

#include <fmt/ranges.h>

namespace plimsoll {

ExpressionParser::Reading ExpressionParser::call(std::string_view name, int depth) {
    const FunctionInfo* const function = function_named(name);
    if (function == nullptr) {
        const bool alone =
            text_.starts_with(name) && text_.ends_with(')') && text_.find(')') == text_.size() - 1;
        return alone ? Error{fmt::format("unknown expression {}", shown()),
                             {},
                             hint_for(name, scope_, true)}
                     : unknown(name, "function");
    }
    ++at_;
    const std::size_t begin = at_;
    Node made;
    made.op = function->op;
    if (peek() != ')') {
        do {
            if (expression_.nodes_.size() > kMostValues) {
                return too_long();
            }
            const auto argument = sum(depth + 1);
            if (!argument) {
                return argument;
            }
            made.arguments.push_back(*argument);
        } while (take(','));
    }
    const std::size_t end = at_;
    if (!take(')')) {
        return wrong("a ) is missing");
    }
    return finish_call(*function, std::move(made), text_.substr(begin, end - begin));
}

ExpressionParser::Reading ExpressionParser::finish_call(const FunctionInfo& function, Node made,
                                                        std::string_view written) {
    if (function.op == Op::RandomInt) {
        return random_int(std::move(made), written);
    }
    const std::size_t count = made.arguments.size();
    if (count < function.least || count > function.most) {
        const std::string wanted = function.least == function.most ? std::to_string(function.least)
                                   : function.most == kAnyNumber
                                       ? fmt::format("at least {}", function.least)
                                       : fmt::format("{} or {}", function.least, function.most);
        return wrong(fmt::format("{} takes {} argument{}, got {}", function.name, wanted,
                                 wanted == "1" ? "" : "s", count),
                     fmt::format("e.g. {}", function.example));
    }
    if (function.op == Op::Now && count == 1) {
        return form(std::move(made), kTimeForms, "now");
    }
    if (function.op == Op::Hmac && count == 3) {
        return form(std::move(made), kDigestNames, "hmac");
    }
    return add(std::move(made));
}

ExpressionParser::Reading ExpressionParser::form(Node made, std::span<const std::string_view> words,
                                                 std::string_view function) {
    const Node& first = node(made.arguments.front());
    const auto found = std::find(words.begin(), words.end(), first.text);
    if (first.op != Op::Text || found == words.end()) {
        const auto near = nearest(first.text, words);
        return wrong(
            fmt::format("{}'s first argument must be {} in quotes", function, any_of(words)),
            near.empty() ? std::string() : fmt::format("did you mean '{}'?", near));
    }
    made.id = static_cast<std::uint16_t>(found - words.begin());
    made.arguments.erase(made.arguments.begin());
    return add(std::move(made));
}

ExpressionParser::Reading ExpressionParser::random_int(Node made, std::string_view written) {
    const Error bad{fmt::format("random_int needs two whole numbers, the lower first, got {}",
                                in_quotes(written)),
                    {},
                    "e.g. ${random_int(1,100)}"};
    if (made.arguments.size() != 2) {
        return bad;
    }
    const Node& low = node(made.arguments[0]);
    const Node& high = node(made.arguments[1]);
    for (const Node* const end : {&low, &high}) {
        if (end->op == Op::Text || (end->op == Op::Number && !end->number.whole)) {
            return bad;
        }
    }
    const bool fixed = low.op == Op::Number && high.op == Op::Number;
    if (fixed && low.number.integer > high.number.integer) {
        return bad;
    }
    return add(std::move(made));
}

}  // namespace plimsoll
