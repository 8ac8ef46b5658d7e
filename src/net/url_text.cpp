#include "net/url_text.hpp"

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

}  // namespace plimsoll
