#include "import/shell_quotes.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace plimsoll::import {
namespace {

constexpr std::size_t kMostWords = 1000;

// Digits of a number at `at`; nullopt-like -1 where there are none.
long number_at(std::string_view text, std::size_t& at, std::size_t most, int base) {
    unsigned long value = 0;
    const std::string_view digits = text.substr(std::min(at, text.size()), most);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (read.ptr == digits.data()) {
        return -1;
    }
    at += static_cast<std::size_t>(read.ptr - digits.data());
    return static_cast<long>(value);
}

struct Plain {
    char letter;
    char means;
};
constexpr Plain kPlain[] = {{'a', '\a'},  {'b', '\b'}, {'e', '\x1B'}, {'E', '\x1B'}, {'f', '\f'},
                            {'n', '\n'},  {'r', '\r'}, {'t', '\t'},   {'v', '\v'},   {'\\', '\\'},
                            {'\'', '\''}, {'"', '"'},  {'?', '?'}};

// After the backslash. False: a NUL, at which a shell's word ends.
bool read_escape(std::string_view text, std::size_t& at, std::string& word) {
    const char c = text[at];
    const auto* const plain = std::find_if(std::begin(kPlain), std::end(kPlain),
                                           [&](const Plain& one) { return one.letter == c; });
    if (plain != std::end(kPlain)) {
        word += plain->means;
        ++at;
        return true;
    }
    std::size_t after = at;
    long value = -1;
    if (c >= '0' && c <= '7') {
        value = number_at(text, after, 3, 8);
    } else if (c == 'c' && at + 1 < text.size()) {
        value = std::toupper(static_cast<unsigned char>(text[at + 1])) & 0x1F;
        after += 2;
    } else if (c == 'x' || c == 'u' || c == 'U') {
        ++after;
        value = number_at(text, after, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
    }
    if (value < 0) {  // no escape: both characters stay
        word += '\\';
        word += c;
        ++at;
        return true;
    }
    at = after;
    if (c == 'u' || c == 'U') {
        append_code_point(static_cast<std::uint32_t>(value), word);
    } else {
        word += static_cast<char>(value & 0xFF);
    }
    return value != 0;
}

// The place of the comma-separated parts of the first brace that has any; empty: there is none.
std::vector<std::size_t> brace_places(const MarkedWord& word) {
    const auto is = [&](std::size_t at, char c) {
        return word.text[at] == c && word.marks[at] == ' ';
    };
    for (std::size_t open = 0; open < word.text.size(); ++open) {
        if (!is(open, '{')) {
            continue;
        }
        std::vector<std::size_t> places{open};
        int depth = 0;
        for (std::size_t at = open + 1; at < word.text.size(); ++at) {
            depth += is(at, '{') ? 1 : 0;
            if (is(at, ',') && depth == 0) {
                places.push_back(at);
            }
            if (is(at, '}') && depth-- == 0) {
                places.push_back(at);
                break;
            }
        }
        if (depth == -1 && places.size() > 2) {
            return places;
        }
        const std::size_t close = depth == -1 ? places.back() : 0;
        if (close > open && word.text.substr(open, close - open).find("..") != std::string::npos) {
            return places;  // perhaps a range
        }
    }
    return {};
}

std::vector<std::string> range(std::string_view inside) {
    const std::size_t dots = inside.find("..");
    int from = 0;
    int to = 0;
    const char* const end = inside.data() + inside.size();
    const auto first = std::from_chars(inside.data(), inside.data() + dots, from);
    const auto last = std::from_chars(inside.data() + dots + 2, end, to);
    if (first.ptr != inside.data() + dots || last.ptr != end || dots == 0) {
        return {};
    }
    std::vector<std::string> words;
    for (int n = from; words.size() < kMostWords; n += from <= to ? 1 : -1) {
        words.push_back(std::to_string(n));
        if (n == to) {
            break;
        }
    }
    return words;
}

void expand(const MarkedWord& word, std::vector<std::string>& words) {
    const auto places = brace_places(word);
    if (places.empty() || words.size() > kMostWords) {
        words.push_back(word.text);
        return;
    }
    const std::size_t open = places.front();
    const std::size_t close = places.back();
    const auto with = [&](std::string_view text, std::string_view marks) {
        MarkedWord one;
        one.text = word.text.substr(0, open);
        one.text += text;
        one.text += word.text.substr(close + 1);
        one.marks = std::string(open, 'q');  // what is before has been looked at
        one.marks += marks;
        one.marks += word.marks.substr(close + 1);
        expand(one, words);
    };
    if (places.size() > 2) {
        for (std::size_t part = 0; part + 1 < places.size(); ++part) {
            const std::size_t from = places[part] + 1;
            const std::size_t length = places[part + 1] - from;
            with(std::string_view(word.text).substr(from, length),
                 std::string_view(word.marks).substr(from, length));
        }
        return;
    }
    const auto numbers = range(std::string_view(word.text).substr(open + 1, close - open - 1));
    for (const std::string& number : numbers) {
        with(number, std::string(number.size(), 'q'));
    }
    if (numbers.empty()) {
        words.push_back(word.text);
    }
}

}  // namespace

bool read_ansi_quote(std::string_view text, std::size_t& at, std::string& word) {
    bool ended = false;
    while (at < text.size() && text[at] != '\'') {
        std::string piece;
        if (text[at] != '\\' || at + 1 >= text.size()) {
            piece = text[at++];
        } else {
            const bool goes_on = read_escape(text, ++at, piece);
            ended = ended || !goes_on;
            if (!goes_on) {
                piece.clear();
            }
        }
        word += ended ? std::string() : piece;
    }
    return at++ < text.size();
}

std::vector<std::string> expand_braces(const MarkedWord& word) {
    std::vector<std::string> words;
    expand(word, words);
    return words;
}

}  // namespace plimsoll::import
