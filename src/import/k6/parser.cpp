// Expressions.
#include "import/k6/parser_base.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import::k6 {

using script::Kind;
using script::Node;
using script::NodePtr;

bool Parser::take(std::string_view sign) {
    const bool there = is(sign);
    if (there) {
        advance();
    }
    return there;
}

bool Parser::take_word(std::string_view word) {
    const bool there = is_word(word);
    if (there) {
        advance();
    }
    return there;
}

std::string Parser::shown() const {
    return at_end() ? "the end of the file" : fmt::format("\"{}\"", token_.text.substr(0, 40));
}

NodePtr Parser::fail(std::string what) {
    lexer_.fail(token_.line, token_.column, std::move(what));
    token_ = Token{};
    return std::make_shared<Node>();
}

void Parser::require(std::string_view sign) {
    if (!take(sign)) {
        fail(fmt::format("{} is expected, got {}", sign, shown()));
    }
}

std::string Parser::require_name() {
    if (token_.kind != Token::Kind::Name) {
        fail(fmt::format("a name is expected, got {}", shown()));
        return {};
    }
    std::string name = token_.text;
    advance();
    return name;
}

Parser::Made Parser::make(Kind kind, const Token& at, std::string text) const {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = at.line;
    node->column = at.column;
    node->text = std::move(text);
    return node;
}

NodePtr Parser::done(const Made& node) {
    if (node->depth > script::kDeepest) {
        fail("is nested too deeply");
        node->children.clear();
    }
    return node;
}

NodePtr Parser::expression() {
    auto first = assignment();
    if (!is(",")) {
        return first;
    }
    const auto list = make(Kind::Other, token_, "a list of expressions with commas");
    list->add(std::move(first));
    while (take(",")) {
        list->add(assignment());
    }
    return done(list);
}

NodePtr Parser::assignment() {
    constexpr std::array<std::string_view, 15> kSigns{
        "=",   "+=",   "-=", "*=", "/=", "%=",  "**=", "<<=",
        ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||="};
    const Level level(*this);
    if (is_word("async")) {
        const Token at = token_;
        advance();
        if (!is_word("function") && !is("(") && token_.kind != Token::Kind::Name) {
            return call_tail(make(Kind::Name, at, "async"), true);
        }
    }
    auto left = choice();
    const bool assigns = token_.kind == Token::Kind::Sign &&
                         (std::find(kSigns.begin(), kSigns.end(), token_.text) != kSigns.end() ||
                          token_.text == "?\?=");
    if (!assigns) {
        return left;
    }
    const auto node = make(Kind::Assign, token_, token_.text);
    advance();
    node->add(std::move(left));
    node->add(assignment());
    return done(node);
}

NodePtr Parser::choice() {
    auto test = binary(0);
    if (!is("?")) {
        return test;
    }
    const auto node = make(Kind::Choice, token_);
    advance();
    node->add(std::move(test));
    node->add(assignment());
    require(":");
    node->add(assignment());
    return done(node);
}

namespace {

// How tightly an operator binds; 0 for what is none.
int strength(const Token& token) {
    struct Operator {
        std::string_view sign;
        int strength;
    };
    constexpr std::array kOperators{
        Operator{"??", 1},  Operator{"||", 2},  Operator{"&&", 3},  Operator{"|", 4},
        Operator{"^", 5},   Operator{"&", 6},   Operator{"==", 7},  Operator{"!=", 7},
        Operator{"===", 7}, Operator{"!==", 7}, Operator{"<", 8},   Operator{">", 8},
        Operator{"<=", 8},  Operator{">=", 8},  Operator{"in", 8},  Operator{"instanceof", 8},
        Operator{"<<", 9},  Operator{">>", 9},  Operator{">>>", 9}, Operator{"+", 10},
        Operator{"-", 10},  Operator{"*", 11},  Operator{"/", 11},  Operator{"%", 11},
        Operator{"**", 12}};
    const bool may = token.kind == Token::Kind::Sign || token.kind == Token::Kind::Name;
    const auto* const found =
        std::find_if(kOperators.begin(), kOperators.end(),
                     [&](const Operator& one) { return one.sign == token.text; });
    return may && found != kOperators.end() ? found->strength : 0;
}

}  // namespace

NodePtr Parser::binary(int lowest) {
    auto left = unary();
    for (int strong = strength(token_); strong > lowest; strong = strength(token_)) {
        const auto node = make(Kind::Binary, token_, token_.text);
        advance();
        node->add(std::move(left));
        const Level level(*this);
        node->add(binary(node->text == "**" ? strong - 1 : strong));
        left = done(node);
    }
    return left;
}

NodePtr Parser::unary() {
    const Level level(*this);
    constexpr std::array<std::string_view, 6> kSigns{"!", "-", "+", "~", "++", "--"};
    constexpr std::array<std::string_view, 4> kWords{"typeof", "void", "delete", "await"};
    const bool sign = token_.kind == Token::Kind::Sign &&
                      std::find(kSigns.begin(), kSigns.end(), token_.text) != kSigns.end();
    const bool word = token_.kind == Token::Kind::Name &&
                      std::find(kWords.begin(), kWords.end(), token_.text) != kWords.end();
    if (!sign && !word) {
        return postfix();
    }
    const auto node = make(Kind::Unary, token_, token_.text);
    advance();
    node->add(unary());
    return node->text == "await" ? node->children.front() : done(node);
}

NodePtr Parser::postfix() {
    auto value = call_tail(primary(), true);
    while ((is("++") || is("--")) && !token_.after_newline) {
        const auto node = make(Kind::Unary, token_, token_.text);
        advance();
        node->add(std::move(value));
        value = done(node);
    }
    return value;
}

void Parser::arguments(Node& call) {
    require("(");
    while (!is(")") && !at_end()) {
        const Token at = token_;
        if (take("...")) {
            const auto spread = make(Kind::Spread, at);
            spread->add(assignment());
            call.add(done(spread));
        } else {
            call.add(assignment());
        }
        if (!is(")")) {
            require(",");
        }
    }
    require(")");
}

NodePtr Parser::call_tail(NodePtr value, bool calls) {
    while (!at_end()) {
        const Token at = token_;
        const bool optional = take("?.");
        Made node;
        if (optional ? token_.kind == Token::Kind::Name : is(".")) {
            if (!optional) {
                advance();
            }
            node = make(Kind::Member, token_);
            node->text = require_name();
            node->add(std::move(value));
        } else if (take("[")) {
            node = make(Kind::Index, at);
            node->add(std::move(value));
            node->add(expression());
            require("]");
        } else if (calls && is("(")) {
            node = make(Kind::Call, at);
            node->line = value->line;
            node->column = value->column;
            node->add(std::move(value));
            arguments(*node);
        } else if (calls && token_.kind == Token::Kind::Backtick) {
            node = make(Kind::Call, at);
            node->add(std::move(value));
            node->add(template_literal());
        } else {
            return value;
        }
        value = done(node);
    }
    return value;
}

NodePtr Parser::primary() {
    const Token at = token_;
    switch (token_.kind) {
        case Token::Kind::Number: {
            advance();
            const auto node = make(Kind::Number, at, at.text);
            node->number = at.number;
            return node;
        }
        case Token::Kind::String:
            advance();
            return make(Kind::String, at, at.text);
        case Token::Kind::Regex:
            advance();
            return make(Kind::Regex, at, at.text);
        case Token::Kind::Backtick:
            return template_literal();
        case Token::Kind::Name:
            return name_or_arrow();
        case Token::Kind::Sign:
            break;
        case Token::Kind::End:
            return fail(fmt::format("a value is expected, got {}", shown()));
    }
    if (is("(")) {
        if (lexer_.begins_arrow()) {
            return arrow_in_parentheses();
        }
        advance();
        auto inner = expression();
        require(")");
        return inner;
    }
    if (is("[")) {
        return list();
    }
    return is("{") ? object() : fail(fmt::format("a value is expected, got {}", shown()));
}

NodePtr Parser::name_or_arrow() {
    const Token at = token_;
    if (at.text == "function") {
        return function(false);
    }
    if (at.text == "class") {
        return class_definition();
    }
    if (at.text == "new") {
        return new_expression();
    }
    advance();
    if (is("=>")) {
        const auto parameter = make(Kind::Parameter, at);
        parameter->add(make(Kind::Name, at, at.text));
        return arrow_body({parameter}, at);
    }
    if (at.text == "true" || at.text == "false") {
        const auto node = make(Kind::Bool, at);
        node->number = at.text == "true" ? 1 : 0;
        return node;
    }
    const bool nothing = at.text == "null" || at.text == "undefined";
    return make(nothing ? Kind::Nothing : Kind::Name, at, at.text);
}

NodePtr Parser::new_expression() {
    const auto node = make(Kind::New, token_);
    advance();
    const Level level(*this);
    node->add(is_word("new") ? new_expression() : call_tail(primary(), false));
    if (is("(")) {
        arguments(*node);
    }
    return done(node);
}

}  // namespace plimsoll::import::k6
