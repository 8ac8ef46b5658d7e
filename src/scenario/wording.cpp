#include "scenario/wording.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLongestQuote = 60;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// startRate and start-rate as start_rate; maxVUs as max_vus.
std::string snake_case(std::string_view word) {
    std::string snake;
    char before = '_';
    for (const char c : word) {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool after_lower =
            (before >= 'a' && before <= 'z') || (before >= '0' && before <= '9');
        if (upper && after_lower) {
            snake += '_';
        }
        snake += c == '-' || c == ' ' ? '_' : lower(c);
        before = c;
    }
    return snake;
}

}  // namespace

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    std::size_t shown = 0;
    for (const char c : text) {
        // Never cut inside a UTF-8 sequence: its continuation bytes are 10xxxxxx.
        const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        if (shown >= kLongestQuote && !continues) {
            return out + "...\"";
        }
        ++shown;
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '"') {
            out += "\\\"";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    const std::size_t width = b.size() + 1;
    std::vector<std::size_t> cost((a.size() + 1) * width);
    const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
        return cost[i * width + j];
    };
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                at(i, j) = i + j;
                continue;
            }
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            at(i, j) =
                std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0U : 1U)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) {
                at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
            }
        }
    }
    return at(a.size(), b.size());
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    constexpr std::size_t kLongestWord = 80;  // no one mistypes more; keeps the table small
    if (word.empty() || word.size() > kLongestWord) {
        return {};
    }
    const std::string snake = snake_case(word);
    std::string_view best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = snake == candidate ? 0
                                                        : std::min(edit_distance(word, candidate),
                                                                   edit_distance(snake, candidate));
        const std::size_t most =
            std::max<std::size_t>(1, std::min(word.size(), candidate.size()) / 3);
        if (distance <= most && (best.empty() || distance < best_distance)) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string any_of(std::span<const std::string_view> words) {
    std::string list;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) {
            list += i + 1 == words.size() ? " or " : ", ";
        }
        list += words[i];
    }
    return list;
}

}  // namespace plimsoll
