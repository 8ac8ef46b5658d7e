// Private to the parser: its parts.
#pragma once

#include "import/k6/parser.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll::import::k6 {

/// Recursive descent with one token in hand. After a fault every token is End, so every loop ends.
class Parser {
public:
    explicit Parser(std::string_view text) : lexer_(text) { advance(); }
    [[nodiscard]] Result<script::NodePtr> file();

private:
    using NodePtr = script::NodePtr;
    using Made = std::shared_ptr<script::Node>;

    // parser_statements.cpp
    NodePtr statement();
    NodePtr block();
    NodePtr declaration(bool in_for = false);
    NodePtr if_statement();
    NodePtr for_statement();
    NodePtr while_statement();
    NodePtr do_statement();
    NodePtr switch_statement();
    NodePtr try_statement();
    NodePtr import_statement();
    NodePtr export_statement();
    NodePtr class_definition();
    void class_member(script::Node& body);
    NodePtr import_names(const Made& import);
    NodePtr jump();
    void end_statement();

    // parser.cpp
    NodePtr expression();  // with commas
    NodePtr assignment();
    NodePtr choice();
    NodePtr binary(int lowest);
    NodePtr unary();
    NodePtr postfix();
    NodePtr call_tail(NodePtr value, bool calls);
    NodePtr primary();
    NodePtr name_or_arrow();
    NodePtr new_expression();
    void arguments(script::Node& call);

    // parser_literals.cpp
    NodePtr list();
    NodePtr object();
    NodePtr property();
    NodePtr template_literal();
    NodePtr function(bool named);
    NodePtr arrow_in_parentheses();
    void parameters(std::vector<NodePtr>& into);
    NodePtr parameter();
    NodePtr arrow_body(const std::vector<NodePtr>& parameters, const Token& at);

    [[nodiscard]] bool is(std::string_view sign) const {
        return token_.kind == Token::Kind::Sign && token_.text == sign;
    }
    [[nodiscard]] bool is_word(std::string_view word) const {
        return token_.kind == Token::Kind::Name && token_.text == word;
    }
    [[nodiscard]] bool at_end() const { return token_.kind == Token::Kind::End; }
    void advance() { token_ = lexer_.next(); }
    bool take(std::string_view sign);
    bool take_word(std::string_view word);
    void require(std::string_view sign);
    std::string require_name();
    NodePtr fail(std::string what);
    [[nodiscard]] std::string shown() const;
    [[nodiscard]] Made make(script::Kind kind, const Token& at, std::string text = {}) const;
    /// Of what has grown; fails where it is too deep.
    NodePtr done(const Made& node);

    /// Counts how deep the descent is, for as long as it lives.
    class Level {
    public:
        explicit Level(Parser& parser) : parser_(parser) {
            if (++parser_.level_ > script::kDeepest) {
                parser_.fail("is nested too deeply");
            }
        }
        ~Level() { --parser_.level_; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;

    private:
        Parser& parser_;
    };

    Lexer lexer_;
    Token token_;
    int level_ = 0;
};

}  // namespace plimsoll::import::k6
