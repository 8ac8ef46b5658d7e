#include "import/naming.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace plimsoll::import {
namespace {

bool digit(char c) {
    return c >= '0' && c <= '9';
}
bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool hex(char c) {
    return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        if (dash ? text[at] != '-' : !hex(text[at])) {
            return false;
        }
    }
    return true;
}

// order_8fa3c21b, user-12345: a word and what numbers it. Fewer digits belong to words: gen_204,
// iso-8601, top-100.
bool ends_in_number(std::string_view text) {
    constexpr std::size_t kShortest = 5;
    constexpr std::ptrdiff_t kFewestDigits = 3;
    const std::size_t mark = text.find_last_of("-_.:");
    const std::string_view tail =
        mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
    return tail.size() >= kShortest && std::all_of(tail.begin(), tail.end(), hex) &&
           std::count_if(tail.begin(), tail.end(), digit) >= kFewestDigits;
}

}  // namespace

bool is_id(std::string_view segment) {
    constexpr std::size_t kShortestHex = 8;
    constexpr std::size_t kShortestToken = 16;
    constexpr std::ptrdiff_t kFewestDigits = 2;
    if (segment.empty()) {
        return false;
    }
    if (segment.find("${") != std::string_view::npos || is_uuid(segment)) {
        return true;
    }
    const auto digits = std::count_if(segment.begin(), segment.end(), digit);
    const bool numeric = std::all_of(segment.begin(), segment.end(),
                                     [](char c) { return digit(c) || c == '-' || c == ','; });
    if (numeric) {
        return digits > 0;
    }
    if (segment.size() >= kShortestHex && digits > 0 &&
        std::all_of(segment.begin(), segment.end(), hex)) {
        return true;
    }
    const bool token = std::all_of(segment.begin(), segment.end(), [](char c) {
        return digit(c) || letter(c) || c == '-' || c == '_' || c == '=' || c == '.' || c == '~' ||
               c == '%';
    });
    const auto letters = std::count_if(segment.begin(), segment.end(), letter);
    // Words have few digits: a slug such as ten-tips-for-2024 stays.
    const bool mixed = digits >= kFewestDigits && letters > 0 &&
                       (digits * 5 >= static_cast<std::ptrdiff_t>(segment.size()) ||
                        segment.find_first_of("-_.") == std::string_view::npos);
    return (token && segment.size() >= kShortestToken && mixed) || ends_in_number(segment);
}

std::string endpoint_name(std::string_view path) {
    std::string name;
    std::size_t at = 0;
    if (const std::size_t scheme = path.find("://"); scheme != std::string_view::npos) {
        at = std::min(path.find('/', scheme + 3), path.size());
        name = path.substr(scheme + 3, at - scheme - 3);
    }
    while (at < path.size() && path[at] != '?' && path[at] != '#') {
        if (path[at] == '/') {
            name += path[at++];
            continue;
        }
        std::size_t end = at;
        while (end < path.size() && path[end] != '/' && path[end] != '?' && path[end] != '#') {
            end = path.substr(end).starts_with("${")
                      ? std::min(path.find('}', end), path.size() - 1) + 1
                      : end + 1;
        }
        const std::string_view segment = path.substr(at, end - at);
        const std::size_t dot = segment.rfind('.');
        const bool file = dot != std::string_view::npos && segment.size() - dot <= 6 &&
                          segment.find('}', dot) == std::string_view::npos &&
                          letter(segment[std::min(dot + 1, segment.size() - 1)]);
        const std::string_view stem = file ? segment.substr(0, dot) : segment;
        name += is_id(stem) ? "{id}" : std::string(stem);
        name += file ? segment.substr(dot) : std::string_view{};
        at = end;
    }
    return name.empty() ? "/" : name;
}

}  // namespace plimsoll::import
