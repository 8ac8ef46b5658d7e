// Statements.
#include "import/k6/parser_base.hpp"

#include <fmt/format.h>

namespace plimsoll::import::k6 {

using script::Kind;
using script::Node;
using script::NodePtr;

Result<NodePtr> parse_javascript(std::string_view text) {
    return Parser(text).file();
}

Result<NodePtr> Parser::file() {
    const auto all = make(Kind::Block, token_);
    while (!at_end()) {
        all->add(statement());
    }
    if (lexer_.failed()) {
        return lexer_.error();
    }
    return NodePtr(all);
}

void Parser::end_statement() {
    if (!take(";") && !is("}") && !at_end() && !token_.after_newline) {
        fail(fmt::format("cannot go on with {}", shown()));
    }
}

NodePtr Parser::block() {
    const Level level(*this);
    const auto node = make(Kind::Block, token_);
    require("{");
    while (!is("}") && !at_end()) {
        node->add(statement());
    }
    require("}");
    return done(node);
}

NodePtr Parser::statement() {
    const Level level(*this);
    if (is("{")) {
        return block();
    }
    if (is(";")) {
        const auto nothing = make(Kind::Block, token_);
        advance();
        return nothing;
    }
    if (token_.kind == Token::Kind::Name) {
        const std::string& word = token_.text;
        if (word == "const" || word == "let" || word == "var") {
            return declaration();
        }
        if (word == "function") {
            return function(true);
        }
        if (word == "if") {
            return if_statement();
        }
        if (word == "for") {
            return for_statement();
        }
        if (word == "while") {
            return while_statement();
        }
        if (word == "do") {
            return do_statement();
        }
        if (word == "switch") {
            return switch_statement();
        }
        if (word == "try") {
            return try_statement();
        }
        if (word == "import") {
            return import_statement();
        }
        if (word == "export") {
            return export_statement();
        }
        if (word == "class") {
            return class_definition();
        }
        if (word == "return" || word == "throw" || word == "break" || word == "continue") {
            return jump();
        }
    }
    auto value = expression();
    if (value->kind == Kind::Name && is(":")) {  // a label
        advance();
        return statement();
    }
    if (value->kind == Kind::Function && !value->text.empty()) {
        return value;  // async function f() {}
    }
    end_statement();
    return value;
}

NodePtr Parser::jump() {
    const Token at = token_;
    advance();
    const Kind kind = at.text == "return"  ? Kind::Return
                      : at.text == "throw" ? Kind::Throw
                      : at.text == "break" ? Kind::Break
                                           : Kind::Continue;
    const auto node = make(kind, at);
    if (!is(";") && !is("}") && !at_end() && !token_.after_newline) {
        auto value = expression();
        if (kind == Kind::Return || kind == Kind::Throw) {
            node->add(std::move(value));
        }
    }
    end_statement();
    return done(node);
}

NodePtr Parser::declaration(bool in_for) {
    const auto node = make(Kind::Declare, token_, token_.text);
    advance();
    do {
        const auto one = make(Kind::Assign, token_, "=");
        const Token at = token_;
        one->add(is("{") ? object() : is("[") ? list() : make(Kind::Name, at, require_name()));
        one->add(take("=") ? assignment() : nullptr);
        node->add(done(one));
    } while (take(","));
    if (!in_for) {
        end_statement();
    }
    return done(node);
}

NodePtr Parser::if_statement() {
    const auto node = make(Kind::If, token_);
    advance();
    require("(");
    node->add(expression());
    require(")");
    node->add(statement());
    if (take_word("else")) {
        node->add(statement());
    }
    return done(node);
}

NodePtr Parser::for_statement() {
    const Token at = token_;
    advance();
    static_cast<void>(take_word("await"));
    require("(");
    NodePtr begin;
    if (is_word("const") || is_word("let") || is_word("var")) {
        begin = declaration(true);
    } else if (!is(";")) {
        begin = expression();
    }
    const bool of = is_word("of");
    const bool in = begin && begin->kind == Kind::Binary && begin->text == "in";
    if (of || is_word("in") || in) {
        const auto node = make(Kind::ForEach, at, of ? "of" : "in");
        const bool declared = begin && begin->kind == Kind::Declare && !begin->children.empty();
        node->add(declared ? begin->children.front()->child(0) : in ? begin->child(0) : begin);
        if (in) {
            node->add(begin->child(1));
        } else {
            advance();
            node->add(expression());
        }
        require(")");
        node->add(statement());
        return done(node);
    }
    const auto node = make(Kind::For, at);
    node->add(std::move(begin));
    require(";");
    node->add(is(";") ? nullptr : expression());
    require(";");
    node->add(is(")") ? nullptr : expression());
    require(")");
    node->add(statement());
    return done(node);
}

NodePtr Parser::while_statement() {
    const auto node = make(Kind::While, token_);
    advance();
    require("(");
    node->add(expression());
    require(")");
    node->add(statement());
    return done(node);
}

NodePtr Parser::do_statement() {
    const auto node = make(Kind::While, token_, "do");
    advance();
    auto body = statement();
    if (!take_word("while")) {
        return fail(fmt::format("while is expected, got {}", shown()));
    }
    require("(");
    node->add(expression());
    require(")");
    static_cast<void>(take(";"));
    node->add(std::move(body));
    return done(node);
}

NodePtr Parser::switch_statement() {
    const auto node = make(Kind::Switch, token_);
    advance();
    require("(");
    node->add(expression());
    require(")");
    require("{");
    while (!is("}") && !at_end()) {
        const auto one = make(Kind::Case, token_);
        if (take_word("case")) {
            one->add(expression());
        } else if (take_word("default")) {
            one->add(nullptr);
        } else {
            return fail(fmt::format("case is expected, got {}", shown()));
        }
        require(":");
        while (!is("}") && !is_word("case") && !is_word("default") && !at_end()) {
            one->add(statement());
        }
        node->add(done(one));
    }
    require("}");
    return done(node);
}

NodePtr Parser::try_statement() {
    const auto node = make(Kind::Try, token_);
    advance();
    node->add(block());
    NodePtr handler;
    if (take_word("catch")) {
        if (take("(")) {
            static_cast<void>(is("{") ? object() : is("[") ? list() : primary());
            require(")");
        }
        handler = block();
    }
    node->add(std::move(handler));
    node->add(take_word("finally") ? block() : nullptr);
    return done(node);
}

NodePtr Parser::import_names(const Made& import) {
    const auto name = [&](std::string theirs, const Token& at) {
        const auto one = make(Kind::ImportName, at, std::move(theirs));
        one->add(make(Kind::Name, token_, require_name()));
        import->add(done(one));
    };
    do {
        const Token at = token_;
        if (take("*")) {
            static_cast<void>(take_word("as"));
            name("*", at);
        } else if (take("{")) {
            while (!is("}") && !at_end()) {
                const Token theirs = token_;
                const auto one = make(Kind::ImportName, theirs, theirs.text);
                advance();
                one->add(take_word("as") ? make(Kind::Name, token_, require_name())
                                         : make(Kind::Name, theirs, theirs.text));
                import->add(done(one));
                if (!is("}")) {
                    require(",");
                }
            }
            require("}");
        } else {
            name("default", at);
        }
    } while (take(","));
    return import;
}

NodePtr Parser::import_statement() {
    const auto node = make(Kind::Import, token_);
    advance();
    if (token_.kind != Token::Kind::String) {
        import_names(node);
        if (!take_word("from")) {
            return fail(fmt::format("from is expected, got {}", shown()));
        }
    }
    if (token_.kind != Token::Kind::String) {
        return fail(fmt::format("a module's name in quotes is expected, got {}", shown()));
    }
    node->text = token_.text;
    advance();
    end_statement();
    return done(node);
}

NodePtr Parser::export_statement() {
    const Token at = token_;
    advance();
    if (take_word("default")) {
        const auto node = make(Kind::Default, at);
        node->add(is_word("function") ? function(false)
                  : is_word("class")  ? class_definition()
                                      : assignment());
        static_cast<void>(take(";"));
        return done(node);
    }
    if (is("{") || is("*")) {  // names that are there already, or another module's
        const auto node = make(Kind::Block, at);
        const auto names = make(Kind::Import, at);
        import_names(names);
        if (take_word("from")) {
            names->text = token_.text;
            advance();
        }
        end_statement();
        return node;
    }
    return statement();
}

NodePtr Parser::class_definition() {
    const auto node = make(Kind::Class, token_);
    advance();
    if (token_.kind == Token::Kind::Name && token_.text != "extends") {
        node->text = require_name();
    }
    NodePtr base;
    if (take_word("extends")) {
        base = call_tail(primary(), true);
    }
    const auto body = make(Kind::Block, token_);
    require("{");
    while (!is("}") && !at_end()) {
        class_member(*body);
    }
    require("}");
    node->add(done(body));
    if (base) {
        node->add(std::move(base));
    }
    return done(node);
}

void Parser::class_member(Node& body) {
    if (take(";")) {
        return;
    }
    const Token at = token_;
    std::string name;
    while (name.empty() &&
           (is_word("static") || is_word("async") || is_word("get") || is_word("set"))) {
        const std::string word = token_.text;
        advance();
        if (is("(") || is("=") || is(";")) {
            name = word;  // a member of that name
        }
    }
    if (!name.empty()) {
        // read already
    } else if (take("[")) {
        static_cast<void>(assignment());
        require("]");
    } else if (token_.kind == Token::Kind::String || token_.kind == Token::Kind::Number) {
        name = token_.text;
        advance();
    } else {
        static_cast<void>(take("*"));
        name = require_name();
    }
    if (is("(")) {
        const auto method = make(Kind::Function, at, name);
        std::vector<NodePtr> all;
        parameters(all);
        method->add(block());
        for (NodePtr& one : all) {
            method->add(std::move(one));
        }
        body.add(done(method));
        return;
    }
    const auto field = make(Kind::Assign, at, "=");
    field->add(make(Kind::Name, at, name));
    field->add(take("=") ? assignment() : nullptr);
    end_statement();
    body.add(done(field));
}

}  // namespace plimsoll::import::k6
