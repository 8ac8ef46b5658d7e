#include "import/schema_string.hpp"

#include "import/json_access.hpp"
#include "import/schema_fit.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

namespace json = boost::json;

std::string_view of_format(std::string_view format) {
    struct Format {
        std::string_view name;
        std::string_view sample;
    };
    constexpr std::array kFormats{Format{"uuid", kSampleUuid},
                                  Format{"date", "2024-01-31"},
                                  Format{"date-time", "2024-01-31T12:00:00Z"},
                                  Format{"time", "12:00:00Z"},
                                  Format{"duration", "P1D"},
                                  Format{"email", "user@example.com"},
                                  Format{"idn-email", "user@example.com"},
                                  Format{"uri", "https://example.com/"},
                                  Format{"url", "https://example.com/"},
                                  Format{"iri", "https://example.com/"},
                                  Format{"uri-reference", "/example"},
                                  Format{"uri-template", "/example"},
                                  Format{"json-pointer", "/example"},
                                  Format{"hostname", "example.com"},
                                  Format{"ipv4", "192.0.2.1"},
                                  Format{"ip", "192.0.2.1"},
                                  Format{"ipv6", "2001:db8::1"},
                                  Format{"regex", "^a$"},
                                  Format{"byte", "ZXhhbXBsZQ=="}};
    const auto* const found = std::find_if(kFormats.begin(), kFormats.end(),
                                           [&](const Format& f) { return f.name == format; });
    return found == kFormats.end() ? std::string_view{} : found->sample;
}

// Reads a regular expression once and writes a match of it: the first branch, the first letter of
// each class, as few repetitions as are allowed and `more` where there is no upper end.
class Matching {
public:
    Matching(std::string_view pattern, std::size_t more) : pattern_(pattern), more_(more) {}

    std::optional<std::string> run() {
        std::string text = alternatives(0);
        return failed_ || at_ < pattern_.size() ? std::nullopt : std::optional(std::move(text));
    }

private:
    static constexpr int kDeepest = 30;
    static constexpr std::size_t kLongest = 10'000;

    [[nodiscard]] bool more() const { return at_ < pattern_.size() && !failed_; }
    [[nodiscard]] bool at(std::string_view what) const {
        return pattern_.substr(at_).starts_with(what);
    }

    std::string alternatives(int depth) {
        failed_ = failed_ || depth > kDeepest;
        std::string first = sequence(depth);
        while (more() && pattern_[at_] == '|') {
            ++at_;
            static_cast<void>(sequence(depth));
        }
        return first;
    }

    std::string sequence(int depth) {
        std::string text;
        while (more() && pattern_[at_] != '|' && pattern_[at_] != ')') {
            const std::string one = atom(depth);
            const std::size_t times = repetitions();
            if (one.size() * times + text.size() > kLongest) {
                failed_ = true;
                break;
            }
            for (std::size_t time = 0; time < times; ++time) {
                text += one;
            }
        }
        return text;
    }

    std::string atom(int depth) {
        const char c = pattern_[at_++];
        if (c == '^' || c == '$') {
            return {};
        }
        if (c == '(') {
            if (at("?:")) {
                at_ += 2;
            } else if (at("?<") && !at("?<=") && !at("?<!")) {
                at_ = std::min(pattern_.find('>', at_), pattern_.size() - 1) + 1;
            } else if (at("?")) {
                failed_ = true;
                return {};
            }
            std::string inside = alternatives(depth + 1);
            failed_ = failed_ || at_ >= pattern_.size();
            ++at_;
            return inside;
        }
        if (c == '[') {
            return char_class();
        }
        if (c == '\\') {
            return escape();
        }
        return std::string(1, c == '.' ? 'a' : c);
    }

    std::string escape() {
        if (!more()) {
            failed_ = true;
            return {};
        }
        const char c = pattern_[at_++];
        switch (c) {
            case 'd':
                return "1";
            case 'w':
            case 'S':
            case 'D':
                return "a";
            case 'W':
                return "-";
            case 's':
                return " ";
            case 'n':
                return "\n";
            case 't':
                return "\t";
            case 'b':
            case 'B':
            case 'A':
            case 'Z':
                return {};
            default:
                failed_ = failed_ || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z');
                return std::string(1, c);
        }
    }

    // The first that it holds; of one that says what is not in it, the first that is not.
    std::string char_class() {
        const bool negated = more() && pattern_[at_] == '^';
        at_ += negated ? 1U : 0U;
        std::array<bool, 128> holds{};
        std::string first;
        bool begin = true;
        while (more() && (pattern_[at_] != ']' || begin)) {
            begin = false;
            const bool escaped = pattern_[at_] == '\\';
            const char letter = escaped && at_ + 1 < pattern_.size() ? pattern_[at_ + 1] : '\0';
            at_ += escaped ? 1U : 0U;
            const auto all = [&](auto is) {
                for (std::size_t c = 0; c < holds.size(); ++c) {
                    holds[c] = holds[c] || is(static_cast<char>(c));
                }
            };
            const auto digit = [](char c) { return c >= '0' && c <= '9'; };
            const auto word = [&](char c) {
                return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
            };
            if (escaped && (letter == 'd' || letter == 'w' || letter == 's')) {
                ++at_;
                letter == 'd'   ? all(digit)
                : letter == 'w' ? all(word)
                                : all([](char c) { return c == ' '; });
                first += letter == 'd' ? "1" : letter == 'w' ? "a" : " ";
                continue;
            }
            const unsigned char from = static_cast<unsigned char>(pattern_[at_++]);
            unsigned char to = from;
            if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
                at_ += pattern_[at_ + 1] == '\\' ? 2U : 1U;
                to = at_ < pattern_.size() ? static_cast<unsigned char>(pattern_[at_++]) : from;
            }
            failed_ = failed_ || from >= 0x80 || (escaped && letter >= 'a' && letter <= 'z');
            all([&](char c) {
                return static_cast<unsigned char>(c) >= from && static_cast<unsigned char>(c) <= to;
            });
            first += static_cast<char>(from);
        }
        failed_ = failed_ || at_ >= pattern_.size() || (first.empty() && !negated);
        ++at_;
        if (!negated) {
            return first.substr(0, 1);
        }
        for (const char c : std::string_view("a1A-_ ./b0")) {
            if (!holds[static_cast<std::size_t>(c)]) {
                return std::string(1, c);
            }
        }
        failed_ = true;
        return {};
    }

    std::size_t repetitions() {
        std::size_t times = 1;
        if (!more()) {
            return times;
        }
        const char c = pattern_[at_];
        if (c == '*' || c == '+' || c == '?') {
            ++at_;
            times =
                c == '?' ? std::min<std::size_t>(more_, 1) : std::max<std::size_t>(more_, c == '+');
        } else if (c == '{') {
            const std::size_t close = pattern_.find('}', at_);
            const char* const begin = pattern_.data() + at_ + 1;
            const char* const end = pattern_.data() + std::min(close, pattern_.size());
            std::size_t least = 0;
            const auto low = std::from_chars(begin, end, least);
            if (close == std::string_view::npos || low.ec != std::errc{}) {
                failed_ = true;
                return 0;
            }
            std::size_t most = least;
            if (low.ptr < end && *low.ptr == ',') {
                most = kLongest;
                std::from_chars(low.ptr + 1, end, most);
            }
            times = std::min(std::max(least, more_), most);
            at_ = close + 1;
        } else {
            return times;
        }
        at_ += more() && (pattern_[at_] == '?' || pattern_[at_] == '+') ? 1U : 0U;  // lazy
        return times;
    }

    std::string_view pattern_;
    std::size_t more_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace

std::optional<std::string> text_of_pattern(std::string_view pattern, std::size_t more) {
    return Matching(pattern, more).run();
}

std::string sample_text(const json::value& schema, std::size_t number) {
    constexpr double kLongest = 10'000;
    const auto fit = [&](const std::string& text) {
        const json::value root;
        return fits(root, json::value(text), &schema);
    };
    const std::string pattern = text_at(&schema, "pattern");
    const double shortest = std::min(number_at(&schema, "minLength").value_or(0), kLongest);
    const double longest = number_at(&schema, "maxLength").value_or(kLongest);
    if (!pattern.empty()) {
        for (std::size_t more = 0; more <= 64; more += more < 8 ? 1 : 8) {
            const auto text = text_of_pattern(pattern, more + number);
            if (text && fit(*text) && (!text->empty() || more > 8)) {
                return *text;
            }
        }
    }
    std::string text(of_format(text_at(&schema, "format")));
    if (!text.empty() && (number == 0 || pattern.empty())) {
        return text;
    }
    text = number == 0 ? "example" : fmt::format("example{}", number);
    if (static_cast<double>(text.size()) < shortest) {
        text.append(static_cast<std::size_t>(shortest) - text.size(), 'x');
    }
    if (static_cast<double>(text.size()) > longest && longest >= 0) {
        text = number == 0 ? text.substr(0, static_cast<std::size_t>(longest))
                           : std::to_string(number).substr(0, static_cast<std::size_t>(longest));
        text.append(static_cast<double>(text.size()) < shortest
                        ? static_cast<std::size_t>(shortest) - text.size()
                        : 0,
                    'x');
    }
    return text;
}

}  // namespace plimsoll::import
