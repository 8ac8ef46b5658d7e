#include "import/k6/lexer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll::import::k6 {
namespace {

bool begins_name(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalpha(byte) != 0 || c == '_' || c == '$' || c == '#' || byte >= 0x80;
}
bool in_name(char c) {
    return begins_name(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// After these words an expression begins, so a slash begins a regular expression.
bool ends_value(std::string_view word) {
    constexpr std::array<std::string_view, 11> kWords{
        "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "await"};
    return std::find(kWords.begin(), kWords.end(), word) == kWords.end();
}

void add_utf8(std::uint32_t code, std::string& into) {
    if (code < 0x80) {
        into += static_cast<char>(code);
    } else if (code < 0x800) {
        into += static_cast<char>(0xC0U | (code >> 6U));
        into += static_cast<char>(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        into += static_cast<char>(0xE0U | (code >> 12U));
        into += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
        into += static_cast<char>(0x80U | (code & 0x3FU));
    } else {
        into += static_cast<char>(0xF0U | (code >> 18U));
        into += static_cast<char>(0x80U | ((code >> 12U) & 0x3FU));
        into += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
        into += static_cast<char>(0x80U | (code & 0x3FU));
    }
}

}  // namespace

Lexer::Lexer(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) {
        text_.remove_prefix(3);
    }
    if (text_.starts_with("#!")) {
        at_ = std::min(text_.find('\n'), text_.size());
    }
}

void Lexer::fail(int line, int column, std::string what) {
    if (!failed_) {
        failed_ = true;
        error_ = {std::move(what), fmt::format("line {}, column {}", line, column), {}};
    }
    at_ = text_.size();
}

void Lexer::step() {
    if (at_ < text_.size()) {
        const bool new_line = text_[at_] == '\n';
        line_ += new_line ? 1 : 0;
        column_ = new_line ? 1 : column_ + 1;
        ++at_;
    }
}

// Blanks and comments; true where a line ended in them.
bool Lexer::skip_blanks() {
    const int before = line_;
    while (at_ < text_.size()) {
        if (std::isspace(static_cast<unsigned char>(peek())) != 0) {
            step();
        } else if (text_.substr(at_).starts_with("\xC2\xA0")) {
            step();
            step();
        } else if (peek() == '/' && peek(1) == '/') {
            while (at_ < text_.size() && peek() != '\n') {
                step();
            }
        } else if (peek() == '/' && peek(1) == '*') {
            const int line = line_;
            const int column = column_;
            const std::size_t end = text_.find("*/", at_ + 2);
            if (end == std::string_view::npos) {
                fail(line, column, "the comment is not closed");
                break;
            }
            while (at_ < end + 2) {
                step();
            }
        } else {
            break;
        }
    }
    return line_ != before;
}

Token Lexer::next() {
    Token token;
    token.after_newline = skip_blanks();
    token.line = line_;
    token.column = column_;
    if (failed_ || at_ >= text_.size()) {
        return token;
    }
    const char c = peek();
    if (begins_name(c)) {
        token.kind = Token::Kind::Name;
        while (in_name(peek())) {
            token.text += peek();
            step();
        }
        value_before_ = ends_value(token.text);
        return token;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 ||
        (c == '.' && std::isdigit(static_cast<unsigned char>(peek(1))) != 0)) {
        read_number(token);
    } else if (c == '"' || c == '\'') {
        read_string(token);
    } else if (c == '`') {
        token.kind = Token::Kind::Backtick;
        step();
    } else if (c == '/' && !value_before_) {
        read_regex(token);
    } else {
        read_sign(token);
        value_before_ = token.text == ")" || token.text == "]" || token.text == "}";
        return token;
    }
    value_before_ = true;
    return failed_ ? Token{} : token;
}

void Lexer::read_escape(std::string& into) {
    step();
    const char c = peek();
    const auto hex = [this](std::size_t digits, bool braces) {
        std::uint32_t code = 0;
        for (std::size_t n = 0;
             n < digits && std::isxdigit(static_cast<unsigned char>(peek())) != 0; ++n) {
            const char one = peek();
            const char* const end = &one + 1;
            std::uint32_t digit = 0;
            std::from_chars(&one, end, digit, 16);
            code = (code * 16 + digit) & 0x1FFFFFU;
            step();
        }
        if (braces && peek() == '}') {
            step();
        }
        return code;
    };
    if (c == 'u' || c == 'x') {
        step();
        const bool braces = c == 'u' && peek() == '{';
        if (braces) {
            step();
        }
        std::uint32_t code = hex(c == 'x' ? 2 : braces ? 8 : 4, braces);
        if (code >= 0xD800 && code < 0xDC00 && peek() == '\\' && peek(1) == 'u') {
            step();
            step();
            const std::uint32_t low = hex(4, false);
            code = 0x10000 + ((code - 0xD800) << 10U) + ((low - 0xDC00) & 0x3FFU);
        }
        add_utf8(code >= 0xD800 && code < 0xE000 ? 0xFFFD : std::min(code, 0x10FFFFU), into);
        return;
    }
    constexpr std::string_view kFrom = "nrtbfv0";
    constexpr std::string_view kTo{"\n\r\t\b\f\v\0", 7};
    const std::size_t known = c == '\0' ? std::string_view::npos : kFrom.find(c);
    if (c == '\r' && peek(1) == '\n') {
        step();
    } else if (c != '\n') {
        into += known == std::string_view::npos ? c : kTo[known];
    }
    step();
}

void Lexer::read_string(Token& token) {
    token.kind = Token::Kind::String;
    const char quote = peek();
    step();
    while (at_ < text_.size() && peek() != quote && peek() != '\n') {
        if (peek() == '\\') {
            read_escape(token.text);
        } else {
            token.text += peek();
            step();
        }
    }
    if (peek() != quote || at_ >= text_.size()) {
        fail(token.line, token.column, fmt::format("the string is not closed by {}", quote));
        return;
    }
    step();
}

void Lexer::read_number(Token& token) {
    token.kind = Token::Kind::Number;
    std::string digits;
    const bool prefixed = peek() == '0' &&
                          std::string_view("xXoObB").find(peek(1)) != std::string_view::npos &&
                          peek(1) != '\0';
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '_' ||
           peek() == '.' ||
           ((peek() == '+' || peek() == '-') && !prefixed && !digits.empty() &&
            (digits.back() == 'e' || digits.back() == 'E'))) {
        if (peek() != '_') {
            digits += peek();
        }
        step();
    }
    if (digits.ends_with('n')) {
        digits.pop_back();
    }
    token.text = digits;
    if (prefixed) {
        const char kind = static_cast<char>(std::tolower(static_cast<unsigned char>(digits[1])));
        const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : 2;
        token.number = static_cast<double>(std::strtoull(digits.c_str() + 2, nullptr, base));
        return;
    }
    char* end = nullptr;
    token.number = std::strtod(digits.c_str(), &end);
    if (end != digits.c_str() + digits.size()) {
        fail(token.line, token.column, "this is not a number");
    }
}

void Lexer::read_regex(Token& token) {
    token.kind = Token::Kind::Regex;
    step();
    bool in_class = false;
    while (at_ < text_.size() && peek() != '\n' && (peek() != '/' || in_class)) {
        in_class = peek() == '[' || (in_class && peek() != ']');
        if (peek() == '\\') {
            token.text += peek();
            step();
        }
        token.text += peek();
        step();
    }
    if (peek() != '/') {
        fail(token.line, token.column, "the regular expression is not closed by /");
        return;
    }
    step();
    while (in_name(peek())) {
        step();
    }
}

void Lexer::read_sign(Token& token) {
    constexpr std::array<std::string_view, 33> kSigns{
        ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "?\?=",
        "=>",   "==",  "!=",  "<=",  ">=",  "&&",  "||",  "?\?", "?.",  "++",  "--",
        "+=",   "-=",  "*=",  "/=",  "%=",  "&=",  "|=",  "^=",  "**",  "<<",  ">>"};
    token.kind = Token::Kind::Sign;
    const auto* const longer = std::find_if(kSigns.begin(), kSigns.end(), [&](std::string_view s) {
        const bool number_behind =
            s == "?." && std::isdigit(static_cast<unsigned char>(peek(2))) != 0;
        return text_.substr(at_).starts_with(s) && !number_behind;
    });
    token.text = longer == kSigns.end() ? std::string(1, peek()) : std::string(*longer);
    constexpr std::string_view kKnown = "{}()[];,<>+-*/%&|^!~?:=.@";
    if (longer == kSigns.end() && kKnown.find(peek()) == std::string_view::npos) {
        fail(token.line, token.column,
             fmt::format("cannot go on with the character of code {}",
                         static_cast<unsigned>(static_cast<unsigned char>(peek()))));
        token = Token{};
        return;
    }
    for (std::size_t n = 0; n < token.text.size(); ++n) {
        step();
    }
}

std::string Lexer::template_text(bool& ended) {
    std::string text;
    const int line = line_;
    const int column = column_;
    while (at_ < text_.size()) {
        if (peek() == '`') {
            step();
            ended = true;
            value_before_ = true;
            return text;
        }
        if (peek() == '$' && peek(1) == '{') {
            step();
            step();
            ended = false;
            value_before_ = false;
            return text;
        }
        if (peek() == '\\') {
            read_escape(text);
        } else {
            text += peek();
            step();
        }
    }
    fail(line, column, "the template is not closed by `");
    ended = true;
    return text;
}

bool Lexer::begins_arrow() const {
    Lexer ahead = *this;
    std::vector<char> open{'('};
    while (!open.empty()) {
        const Token token = ahead.next();
        if (token.kind == Token::Kind::End || open.size() > 500) {
            return false;
        }
        bool in_template = token.kind == Token::Kind::Backtick;
        if (token.kind == Token::Kind::Sign) {
            const char sign = token.text.size() == 1 ? token.text.front() : ' ';
            if (sign == '(' || sign == '[' || sign == '{') {
                open.push_back(sign);
            } else if (sign == ')' || sign == ']' || sign == '}') {
                in_template = open.back() == '`';
                open.pop_back();
            }
        }
        if (in_template) {
            bool ended = false;
            static_cast<void>(ahead.template_text(ended));
            if (!ended) {
                open.push_back('`');
            }
        }
    }
    const Token behind = ahead.next();
    return behind.kind == Token::Kind::Sign && behind.text == "=>";
}

}  // namespace plimsoll::import::k6
