#include "net/url_text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' ||
                           byte == '.' || byte == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return out;
}

std::string base_path(const Url& url) {
    std::string path = url.target.substr(0, url.target.find('?'));
    while (path.ends_with('/')) {
        path.pop_back();
    }
    return path;
}

std::string percent_decode(std::string_view text, bool plus) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            plain += static_cast<char>(value);
            i += 2;
        } else {
            plain += plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    return plain;
}

std::optional<std::string> query_value(const HttpRequest& request, std::string_view name) {
    std::string_view query = request.query();
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        if (percent_decode(pair.substr(0, equals), true) == name) {
            return percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
        }
    }
    return std::nullopt;
}

}  // namespace plimsoll
