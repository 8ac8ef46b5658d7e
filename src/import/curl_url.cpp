// What curl makes of a URL before it asks for it: patterns, and dots in paths.
#include "import/curl_options.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

constexpr std::size_t kMostUrls = 200;

bool digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// [::1] is an address, no pattern.
bool is_address(std::string_view inside) {
    return inside.find(':') != std::string_view::npos &&
           std::all_of(inside.begin(), inside.end(), [](char c) {
               return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.' ||
                      c == '%';
           });
}

Error broken() {
    return Error{"a URL whose pattern of braces or brackets is broken"};
}

// Of "a-z:2", "1-3", "001-100:10".
Result<std::vector<std::string>> range(std::string_view inside) {
    const std::size_t dash = inside.find('-');
    const std::size_t colon = std::min(inside.find(':'), inside.size());
    if (dash == std::string_view::npos || dash == 0 || dash + 1 >= colon) {
        return broken();
    }
    const std::string_view from = inside.substr(0, dash);
    const std::string_view to = inside.substr(dash + 1, colon - dash - 1);
    unsigned long step = 1;
    if (colon < inside.size()) {
        const char* const end = inside.data() + inside.size();
        const auto read = std::from_chars(inside.data() + colon + 1, end, step);
        if (read.ptr != end || step == 0) {
            return broken();
        }
    }
    const bool letters = from.size() == 1 && to.size() == 1 && !digit(from[0]) && !digit(to[0]);
    unsigned long first = static_cast<unsigned char>(from[0]);
    unsigned long last = static_cast<unsigned char>(to[0]);
    if (!letters) {
        const auto low = std::from_chars(from.data(), from.data() + from.size(), first);
        const auto high = std::from_chars(to.data(), to.data() + to.size(), last);
        if (low.ptr != from.data() + from.size() || high.ptr != to.data() + to.size()) {
            return broken();
        }
    }
    if (first > last || (last - first) / step >= kMostUrls) {
        return first > last ? broken() : Error{"a URL that stands for more than 200"};
    }
    std::vector<std::string> words;
    const std::size_t width = from[0] == '0' ? from.size() : 0;
    for (unsigned long value = first; value <= last; value += step) {
        words.push_back(letters ? std::string(1, static_cast<char>(value))
                                : fmt::format("{:0{}}", value, width));
    }
    return words;
}

std::vector<std::string> set(std::string_view inside) {
    std::vector<std::string> words(1);
    for (std::size_t at = 0; at < inside.size(); ++at) {
        if (inside[at] == ',') {
            words.emplace_back();
        } else {
            at += inside[at] == '\\' && at + 1 < inside.size() ? 1U : 0U;
            words.back() += inside[at];
        }
    }
    return words;
}

}  // namespace

Result<std::vector<std::string>> expand_curl_url(std::string_view url) {
    std::vector<std::string> urls(1);
    const auto put = [&](std::string_view text) {
        for (std::string& one : urls) {
            one += text;
        }
    };
    for (std::size_t at = 0; at < url.size(); ++at) {
        const char c = url[at];
        const bool escaped = c == '\\' && at + 1 < url.size() &&
                             std::string_view("{}[]").find(url[at + 1]) != std::string_view::npos;
        if (escaped) {
            put(url.substr(++at, 1));
            continue;
        }
        if (c == '}' || c == ']') {
            return broken();
        }
        if (c != '{' && c != '[') {
            put(url.substr(at, 1));
            continue;
        }
        const std::size_t close = url.find(c == '{' ? '}' : ']', at);
        if (close == std::string_view::npos) {
            return broken();
        }
        const std::string_view inside = url.substr(at + 1, close - at - 1);
        if (c == '[' && is_address(inside)) {
            put(url.substr(at, close - at + 1));
            at = close;
            continue;
        }
        if (inside.empty() || inside.find('{') != std::string_view::npos) {
            return broken();
        }
        auto words = c == '{' ? Result<std::vector<std::string>>(set(inside)) : range(inside);
        if (!words) {
            return words.error();
        }
        if (urls.size() * words->size() > kMostUrls) {
            return Error{"a URL that stands for more than 200"};
        }
        std::vector<std::string> longer;
        for (const std::string& one : urls) {
            for (const std::string& word : *words) {
                longer.push_back(one + word);
            }
        }
        urls = std::move(longer);
        at = close;
    }
    return urls;
}

// RFC 3986, 5.2.4.
std::string without_dot_segments(std::string_view target) {
    const std::size_t query = std::min(target.find('?'), target.size());
    std::string_view path = target.substr(0, query);
    std::string out;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(0, end);
        const bool last = end == path.size();
        if (segment == "/." || segment == "/..") {
            if (segment == "/..") {
                out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
            }
            out += last ? "/" : "";
        } else {
            out += segment;
        }
        path.remove_prefix(end);
    }
    return out + std::string(target.substr(query));
}

}  // namespace plimsoll::import
