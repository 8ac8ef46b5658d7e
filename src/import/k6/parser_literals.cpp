// Lists, objects, templates and functions.
#include "import/k6/parser_base.hpp"

#include <utility>

#include <fmt/format.h>

namespace plimsoll::import::k6 {

using script::Kind;

using script::NodePtr;

NodePtr Parser::list() {
    const auto node = make(Kind::List, token_);
    require("[");
    while (!is("]") && !at_end()) {
        const Token at = token_;
        if (is(",")) {
            node->add(make(Kind::Nothing, at, "undefined"));
        } else if (take("...")) {
            const auto spread = make(Kind::Spread, at);
            spread->add(assignment());
            node->add(done(spread));
        } else {
            node->add(assignment());
        }
        if (!is("]")) {
            require(",");
        }
    }
    require("]");
    return done(node);
}

NodePtr Parser::object() {
    const auto node = make(Kind::Object, token_);
    require("{");
    while (!is("}") && !at_end()) {
        node->add(property());
        if (!is("}")) {
            require(",");
        }
    }
    require("}");
    return done(node);
}

NodePtr Parser::property() {
    const Token at = token_;
    if (take("...")) {
        const auto spread = make(Kind::Spread, at);
        spread->add(assignment());
        return done(spread);
    }
    const auto node = make(Kind::Property, at, at.text);
    NodePtr computed;
    if (take("[")) {
        computed = assignment();
        require("]");
    } else if (token_.kind == Token::Kind::Name || token_.kind == Token::Kind::String ||
               token_.kind == Token::Kind::Number) {
        advance();
    } else {
        return fail(fmt::format("a key is expected, got {}", shown()));
    }
    const bool modifier = at.text == "async" || at.text == "get" || at.text == "set";
    if (modifier && token_.kind == Token::Kind::Name) {
        node->text = require_name();
    }
    if (is("(")) {
        const auto method = make(Kind::Function, at, at.text);
        std::vector<NodePtr> all;
        parameters(all);
        method->add(block());
        for (NodePtr& one : all) {
            method->add(std::move(one));
        }
        node->add(done(method));
    } else if (take(":")) {
        node->add(assignment());
    } else {
        node->add(make(Kind::Name, at, at.text));
        if (take("=")) {  // the default of a pattern
            const auto assign = make(Kind::Assign, at, "=");
            assign->add(node->children.front());
            assign->add(assignment());
            node->children.front() = done(assign);
        }
    }
    if (computed) {
        node->add(std::move(computed));
    }
    return done(node);
}

NodePtr Parser::template_literal() {
    const auto node = make(Kind::Template, token_);
    const Level level(*this);
    bool ended = false;
    while (!lexer_.failed()) {
        const Token at = token_;
        std::string text = lexer_.template_text(ended);
        if (!text.empty()) {
            node->add(make(Kind::String, at, std::move(text)));
        }
        if (ended) {
            break;
        }
        advance();
        node->add(expression());
        if (!is("}")) {
            return fail(fmt::format("}} is expected, got {}", shown()));
        }
    }
    advance();
    return done(node);
}

NodePtr Parser::parameter() {
    const auto node = make(Kind::Parameter, token_);
    if (take("...")) {
        node->text = "...";
    }
    node->add(is("{") ? object() : is("[") ? list() : make(Kind::Name, token_, token_.text));
    if (node->children.front()->kind == Kind::Name) {
        static_cast<void>(require_name());
    }
    if (take("=")) {
        node->add(assignment());
    }
    return done(node);
}

void Parser::parameters(std::vector<NodePtr>& into) {
    require("(");
    while (!is(")") && !at_end()) {
        into.push_back(parameter());
        if (!is(")")) {
            require(",");
        }
    }
    require(")");
}

NodePtr Parser::arrow_in_parentheses() {
    const Token at = token_;
    std::vector<NodePtr> all;
    parameters(all);
    return arrow_body(all, at);
}

NodePtr Parser::arrow_body(const std::vector<NodePtr>& parameters, const Token& at) {
    require("=>");
    const auto node = make(Kind::Function, at);
    node->number = is("{") ? 0 : 1;
    node->add(is("{") ? block() : assignment());
    for (const NodePtr& one : parameters) {
        node->add(one);
    }
    return done(node);
}

NodePtr Parser::function(bool named) {
    const auto node = make(Kind::Function, token_);
    advance();
    static_cast<void>(take("*"));
    if (named || token_.kind == Token::Kind::Name) {
        node->text = require_name();
    }
    std::vector<NodePtr> all;
    parameters(all);
    node->add(block());
    for (NodePtr& one : all) {
        node->add(std::move(one));
    }
    return done(node);
}

}  // namespace plimsoll::import::k6
