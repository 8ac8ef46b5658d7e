#include "scenario/json_path_parser.hpp"

#include "scenario/wording.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// Reads a JSONPath from left to right.
class PathParser {
public:
    explicit PathParser(std::string_view text) : text_(text) {}

    Result<std::vector<PathStep>> steps() {
        std::vector<PathStep> steps;
        if (!take('$')) {
            return wrong("$ must stand first");
        }
        while (at_ < text_.size()) {
            auto step = take('.') ? child() : bracket();
            if (!step) {
                return step.error();
            }
            steps.push_back(*std::move(step));
        }
        return steps;
    }

private:
    [[nodiscard]] Error wrong(std::string_view what) const {
        return {
            fmt::format("{} is not a JSONPath: {} (character {})", in_quotes(text_), what, at_ + 1),
            {},
            "e.g. $.items[0].id, $.items[-1], $['a key'], $.items[*].id or "
            "$.items[?(@.name == 'x')].id"};
    }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c) {
        const bool there = peek() == c;
        at_ += there ? 1 : 0;
        return there;
    }
    bool take(std::string_view word) {
        const bool there = text_.substr(at_).starts_with(word);
        at_ += there ? word.size() : 0;
        return there;
    }
    void skip_spaces() {
        while (peek() == ' ') {
            ++at_;
        }
    }

    std::string word() {
        const std::size_t begin = at_;
        constexpr std::string_view kEnds = ".[]()=!<> '\"*?@,";
        while (at_ < text_.size() && kEnds.find(text_[at_]) == std::string_view::npos) {
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    Result<std::string> quoted() {
        const char quote = text_[at_++];
        std::string value;
        for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                ++at_;
            }
            value += text_[at_];
        }
        if (!take(quote)) {
            return wrong("the quote is not closed");
        }
        return value;
    }

    Result<PathStep> child() {
        PathStep step;
        if (peek() == '.') {
            return wrong("\"..\" is not supported; name every key on the way");
        }
        if (take('*')) {
            step.kind = PathStep::Kind::All;
            return step;
        }
        step.key = word();
        if (step.key.empty()) {
            return wrong("a key is missing");
        }
        return step;
    }

    Result<PathStep> bracket() {
        if (!take('[')) {
            return wrong("a . or [ must come here");
        }
        skip_spaces();
        auto step = inside();
        if (!step) {
            return step;
        }
        skip_spaces();
        if (!take(']')) {
            return wrong("a ] must come here");
        }
        return step;
    }

    Result<PathStep> inside() {
        PathStep step;
        if (take('*')) {
            step.kind = PathStep::Kind::All;
            return step;
        }
        if (take('?')) {
            return filter();
        }
        if (peek() == '\'' || peek() == '"') {
            auto key = quoted();
            if (!key) {
                return key.error();
            }
            step.key = *std::move(key);
            return step;
        }
        const char* const first = text_.data() + at_;
        const auto [end, code] = std::from_chars(first, text_.data() + text_.size(), step.index);
        if (code != std::errc{}) {
            return wrong("a number, a key in quotes, * or ?(...) must come here");
        }
        step.kind = PathStep::Kind::Index;
        at_ += static_cast<std::size_t>(end - first);
        return step;
    }

    Result<PathStep> filter() {
        PathStep step;
        step.kind = PathStep::Kind::Filter;
        skip_spaces();
        const bool parenthesis = take('(');
        skip_spaces();
        if (!take('@')) {
            return wrong("@ must come here");
        }
        while (peek() == '.' || peek() == '[') {
            auto key = take('.') ? child() : bracket();
            if (!key) {
                return key;
            }
            if (key->kind != PathStep::Kind::Key) {
                return wrong("a filter may name keys only");
            }
            step.keys.push_back(std::move(key->key));
        }
        skip_spaces();
        if (Status compared = comparison(step); !compared) {
            return compared.error();
        }
        skip_spaces();
        if (parenthesis && !take(')')) {
            return wrong("a ) must come here");
        }
        return step;
    }

    Status comparison(PathStep& step) {
        using Compare = PathStep::Compare;
        if (take("==")) {
            step.compare = Compare::Equal;
        } else if (take("!=")) {
            step.compare = Compare::NotEqual;
        } else if (take("<=")) {
            step.compare = Compare::LessEqual;
        } else if (take(">=")) {
            step.compare = Compare::GreaterEqual;
        } else if (take('<')) {
            step.compare = Compare::Less;
        } else if (take('>')) {
            step.compare = Compare::Greater;
        } else {
            return step.keys.empty() ? Status(wrong("a key or a comparison must come here"))
                                     : Status();
        }
        skip_spaces();
        return literal(step);
    }

    Status literal(PathStep& step) {
        using Literal = PathStep::Literal;
        if (peek() == '\'' || peek() == '"') {
            auto text = quoted();
            if (!text) {
                return text.error();
            }
            step.text = *std::move(text);
            return {};
        }
        if (take("true")) {
            step.literal = Literal::True;
        } else if (take("false")) {
            step.literal = Literal::False;
        } else if (take("null")) {
            step.literal = Literal::Null;
        } else {
            const char* const first = text_.data() + at_;
            const auto [end, code] =
                std::from_chars(first, text_.data() + text_.size(), step.number);
            if (code != std::errc{}) {
                return wrong("text in quotes, a number, true, false or null must come here");
            }
            step.literal = Literal::Number;
            at_ += static_cast<std::size_t>(end - first);
        }
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<PathStep>> parse_json_path(std::string_view text) {
    return PathParser(text).steps();
}

}  // namespace plimsoll
