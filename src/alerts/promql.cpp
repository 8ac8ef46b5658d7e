#include "alerts/promql.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

struct Token {
    enum class Kind { Word, Number, Text, Sign, End };
    Kind kind = Kind::End;
    std::string text;  // of a string: what it stands for
    std::size_t at = 0;
    std::size_t length = 0;
    [[nodiscard]] bool is(std::string_view sign) const {
        return kind == Kind::Sign && text == sign;
    }
    [[nodiscard]] bool is_word(std::string_view word) const {
        return kind == Kind::Word && std::equal(text.begin(), text.end(), word.begin(), word.end(),
                                                [](unsigned char a, unsigned char b) {
                                                    return std::tolower(a) == std::tolower(b);
                                                });
    }
};

bool begins_word(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':';
}
bool continues_word(char c) {
    return begins_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> all() {
        std::vector<Token> tokens;
        for (;;) {
            skip_blanks();
            if (at_ >= text_.size()) {
                tokens.push_back({Token::Kind::End, {}, at_, 0});
                return tokens;
            }
            auto token = next();
            if (!token) {
                return token.error();
            }
            tokens.push_back(std::move(*token));
        }
    }

private:
    void skip_blanks() {
        while (at_ < text_.size()) {
            if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
                ++at_;
            } else if (text_[at_] == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else {
                return;
            }
        }
    }

    Result<Token> next() {
        const std::size_t from = at_;
        const char c = text_[at_];
        if (begins_word(c)) {
            while (at_ < text_.size() && continues_word(text_[at_])) {
                ++at_;
            }
            return token(Token::Kind::Word, from);
        }
        if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
            return number(from);
        }
        if (c == '"' || c == '\'' || c == '`') {
            return quoted(c);
        }
        constexpr std::array<std::string_view, 6> kPairs{"==", "!=", ">=", "<=", "=~", "!~"};
        const bool pair =
            std::find(kPairs.begin(), kPairs.end(), text_.substr(at_, 2)) != kPairs.end();
        at_ += pair ? 2 : 1;
        return token(Token::Kind::Sign, from);
    }

    Token token(Token::Kind kind, std::size_t from) const {
        return {kind, std::string(text_.substr(from, at_ - from)), from, at_ - from};
    }

    /// A number, or a duration: what belongs to it is told apart by its reader.
    Token number(std::size_t from) {
        while (at_ < text_.size() &&
               (continues_word(text_[at_]) ? text_[at_] != ':' : text_[at_] == '.')) {
            const bool exponent = (text_[at_] == 'e' || text_[at_] == 'E') &&
                                  !text_.substr(from).starts_with("0x") && at_ + 1 < text_.size() &&
                                  (text_[at_ + 1] == '+' || text_[at_ + 1] == '-');
            at_ += exponent ? 2 : 1;
        }
        return token(Token::Kind::Number, from);
    }

    Result<Token> quoted(char quote) {
        const std::size_t from = at_++;
        std::string value;
        while (at_ < text_.size() && text_[at_] != quote) {
            if (text_[at_] == '\\' && quote != '`' && at_ + 1 < text_.size()) {
                ++at_;
                value += text_[at_] == 'n' ? '\n' : text_[at_] == 't' ? '\t' : text_[at_];
                ++at_;
            } else {
                value += text_[at_++];
            }
        }
        if (at_ >= text_.size()) {
            return Error{"a string in the expression does not end"};
        }
        ++at_;
        return Token{Token::Kind::Text, std::move(value), from, at_ - from};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

class Reader {
public:
    explicit Reader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Result<ExpressionParts> read() {
        while (now().kind != Token::Kind::End) {
            if (const Status stepped = step(); !stepped) {
                return stepped.error();
            }
        }
        return std::move(out_);
    }

private:
    [[nodiscard]] const Token& now() const { return tokens_[at_]; }
    [[nodiscard]] const Token& after(std::size_t n = 1) const {
        return tokens_[std::min(at_ + n, tokens_.size() - 1)];
    }
    void advance() { at_ = std::min(at_ + 1, tokens_.size() - 1); }

    Status step() {
        if (now().is("{")) {
            return selector({});
        }
        if (now().is("[")) {  // of a subquery
            while (!now().is("]") && now().kind != Token::Kind::End) {
                advance();
            }
        }
        if (now().kind == Token::Kind::Word) {
            return word();
        }
        if (is_comparison() && number_follows()) {
            const bool modified = after().is_word("bool");
            at_ += modified ? 2 : 1;
            const Token& number = now();
            const auto value = number_of(number.text);
            if (value && ends_operand(after())) {
                out_.compared.push_back({number.at, number.length, *value});
            }
        } else if (now().is("(")) {
            calls_.push_back(std::exchange(function_, {}));
        } else if (now().is(")") && !calls_.empty()) {
            calls_.pop_back();
        }
        advance();
        return {};
    }

    [[nodiscard]] bool is_comparison() const {
        constexpr std::array<std::string_view, 6> kSigns{">", "<", ">=", "<=", "==", "!="};
        return std::any_of(kSigns.begin(), kSigns.end(),
                           [&](std::string_view sign) { return now().is(sign); });
    }
    [[nodiscard]] bool number_follows() const {
        return after(after().is_word("bool") ? 2 : 1).kind == Token::Kind::Number;
    }
    /// Whether the number before it stands alone: what binds closer than a comparison does not
    /// follow.
    static bool ends_operand(const Token& token) {
        constexpr std::array<std::string_view, 5> kCloser{"+", "-", "*", "/", "%"};
        return !token.is("^") && std::none_of(kCloser.begin(), kCloser.end(),
                                              [&](auto sign) { return token.is(sign); });
    }
    static std::optional<double> number_of(const std::string& text) {
        double value = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        return read.ec == std::errc{} && read.ptr == text.data() + text.size()
                   ? std::optional(value)
                   : std::nullopt;
    }

    /// Skips "(a, b)".
    void skip_labels() {
        if (now().is("(")) {
            while (!now().is(")") && now().kind != Token::Kind::End) {
                advance();
            }
            advance();
        }
    }

    Status word() {
        constexpr std::array<std::string_view, 6> kWithLabels{
            "by", "without", "on", "ignoring", "group_left", "group_right"};
        constexpr std::array<std::string_view, 10> kOperators{
            "and", "or", "unless", "bool", "offset", "inf", "nan", "atan2", "start", "end"};
        const Token token = now();
        const auto is_one_of = [&](const auto& words) {
            return std::any_of(words.begin(), words.end(),
                               [&](std::string_view word) { return token.is_word(word); });
        };
        if (is_one_of(kWithLabels) &&
            (after().is("(") || token.is_word("group_left") || token.is_word("group_right"))) {
            advance();
            skip_labels();
            return {};
        }
        if (is_one_of(kOperators)) {
            advance();
            return {};
        }
        if (after().is("(") || after().is_word("by") || after().is_word("without")) {
            function_ = token.text;
            advance();
            return {};
        }
        advance();
        return selector(token.text);
    }

    Status selector(std::string name) {
        SeriesSelector out;
        out.name = std::move(name);
        if (now().is("{")) {
            if (const Status read = matchers(out); !read) {
                return read;
            }
        }
        if (now().is("[")) {
            advance();
            const auto range = parse_prometheus_duration(now().text);
            if (!range) {
                return Error{"the window of " + out.text() + ": " + range.error().what};
            }
            out.range = *range;
            while (!now().is("]")) {
                if (now().kind == Token::Kind::End) {
                    return Error{"the window of " + out.text() + " does not end"};
                }
                advance();
            }
            advance();
            out.needs_two = in_function_of_two();
        }
        if (now().is_word("offset")) {
            advance();
            const bool ahead = now().is("-");
            if (ahead) {
                advance();
            }
            const auto offset = parse_prometheus_duration(now().text);
            if (!offset) {
                return Error{"the offset of " + out.text() + ": " + offset.error().what};
            }
            out.offset = ahead ? -*offset : *offset;
            advance();
        }
        out_.selectors.push_back(std::move(out));
        return {};
    }

    Status matchers(SeriesSelector& out) {
        advance();
        while (!now().is("}")) {
            const bool named = now().kind == Token::Kind::Word || now().kind == Token::Kind::Text;
            if (!named) {
                return Error{"the labels of " + out.name + " do not end"};
            }
            if (now().kind == Token::Kind::Text && (after().is(",") || after().is("}"))) {
                out.name = now().text;  // {"a name", ...}
                advance();
            } else {
                LabelMatcher matcher{now().text, after().text, after(2).text};
                if (after(2).kind != Token::Kind::Text) {
                    return Error{"the labels of " + out.name + ": a value in quotes must follow " +
                                 matcher.label + matcher.op};
                }
                at_ += 3;
                if (matcher.label == "__name__" && matcher.op == "=") {
                    out.name = matcher.value;
                } else {
                    out.matchers.push_back(std::move(matcher));
                }
            }
            if (now().is(",")) {
                advance();
            }
        }
        advance();
        return {};
    }

    [[nodiscard]] bool in_function_of_two() const {
        constexpr std::array<std::string_view, 7> kTwo{"rate",   "irate", "increase",      "delta",
                                                       "idelta", "deriv", "predict_linear"};
        return !calls_.empty() && std::find(kTwo.begin(), kTwo.end(), calls_.back()) != kTwo.end();
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    std::string function_;            // the one whose parenthesis comes next
    std::vector<std::string> calls_;  // of each open parenthesis, its function; empty: none
    ExpressionParts out_;
};

std::string with_value(const LabelMatcher& matcher) {
    std::string value;
    for (const char c : matcher.value) {
        value += c == '"' || c == '\\' ? std::string{'\\', c} : c == '\n' ? "\\n" : std::string{c};
    }
    return fmt::format("{}{}\"{}\"", matcher.label, matcher.op, value);
}

}  // namespace

std::string LabelMatcher::text() const {
    return with_value(*this);
}

std::string SeriesSelector::text() const {
    std::string out = name;
    if (!matchers.empty() || name.empty()) {
        out += '{';
        for (const LabelMatcher& matcher : matchers) {
            out += (out.back() == '{' ? "" : ",") + matcher.text();
        }
        out += '}';
    }
    return out;
}

Result<ExpressionParts> read_expression(std::string_view text) {
    auto tokens = Lexer(text).all();
    if (!tokens) {
        return tokens.error();
    }
    return Reader(std::move(*tokens)).read();
}

}  // namespace plimsoll
