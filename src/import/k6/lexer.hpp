// JavaScript's tokens, one at a time.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::import::k6 {

struct Token {
    enum class Kind : std::uint8_t { End, Name, Number, String, Regex, Backtick, Sign };
    Kind kind = Kind::End;
    std::string text;  // a string's value; a sign or name as written
    double number = 0;
    int line = 1;
    int column = 1;
    bool after_newline = false;
};

/// Reads tokens from a text that outlives it. After a fault every token is End.
class Lexer {
public:
    explicit Lexer(std::string_view text);

    /// The token at the cursor. A slash begins a regular expression where the token before it
    /// cannot end a value.
    [[nodiscard]] Token next();
    /// Behind a Backtick or the } that ends an expression in a template: the text up to the next
    /// ${ (`ended` is false) or the closing backtick.
    [[nodiscard]] std::string template_text(bool& ended);
    /// Whether the parenthesis that was just read is closed by one with => behind it.
    [[nodiscard]] bool begins_arrow() const;

    void fail(int line, int column, std::string what);
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const Error& error() const { return error_; }

private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    void step();
    bool skip_blanks();
    void read_string(Token& token);
    void read_escape(std::string& into);
    void read_number(Token& token);
    void read_regex(Token& token);
    void read_sign(Token& token);

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    int column_ = 1;
    bool value_before_ = false;
    bool failed_ = false;
    Error error_;
};

}  // namespace plimsoll::import::k6
