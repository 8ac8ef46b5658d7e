// Pieces of bash's grammar that need no state: $'...' and braces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::import {

/// Reads what follows "$'" from `at` on, up to the closing quote; `at` then stands behind that.
/// False: it is not closed.
[[nodiscard]] bool read_ansi_quote(std::string_view text, std::size_t& at, std::string& word);

/// A word, and which of its characters a quote or backslash protects ('q' at their place).
struct MarkedWord {
    std::string text;
    std::string marks;

    void put(char c, bool quoted) {
        text += c;
        marks += quoted ? 'q' : ' ';
    }
    void put(std::string_view more, bool quoted) {
        text += more;
        marks.append(more.size(), quoted ? 'q' : ' ');
    }
};

/// {a,b} and {1..3} outside quotes, as words of their own.
[[nodiscard]] std::vector<std::string> expand_braces(const MarkedWord& word);

}  // namespace plimsoll::import
