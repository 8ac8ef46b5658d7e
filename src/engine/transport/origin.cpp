#include "engine/transport/origin.hpp"

#include "scenario/parse.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// A scheme and "://" or "//", wherever a Location has one of them.
bool has_scheme(std::string_view reference) {
    const auto colon = reference.find(':');
    return colon != std::string_view::npos && colon > 0 && reference.find_first_of("/?#") > colon;
}

std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7F) {
            out += fmt::format("%{:02X}", byte);
        } else {
            out += c;
        }
    }
    return out;
}

/// RFC 3986, 5.2.4.
std::string without_dots(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(0, end);
        path.remove_prefix(end);
        const bool last = path.empty();
        if (segment == "/.") {
            out += last ? "/" : "";
        } else if (segment == "/..") {
            out.erase(std::min(out.rfind('/'), out.size()));
            out += last ? "/" : "";
        } else {
            out += segment;
        }
    }
    return out.empty() ? "/" : out;
}

}  // namespace

Result<SplitUrl> split_url(std::string_view url) {
    const auto mark = url.find("://");
    if (mark == std::string_view::npos) {
        return Error{"is not a URL", std::string(url.substr(0, 100)), {}};
    }
    const auto end = std::min(url.find_first_of("/?#", mark + 3), url.size());
    auto origin = parse_target(url.substr(0, end));
    if (!origin) {
        return Error{"must be an http or https URL: " + origin.error().what,
                     std::string(url.substr(0, 100)),
                     {}};
    }
    const std::string_view rest = url.substr(end, url.find('#', end) - end);
    SplitUrl split{*std::move(origin), std::string(rest)};
    if (!split.target.starts_with('/')) {
        split.target.insert(0, "/");
    }
    return split;
}

Result<SplitUrl> resolve_reference(const TargetUrl& origin, std::string_view target,
                                   std::string_view reference) {
    const std::string clean = encoded(reference.substr(0, reference.find('#')));
    if (has_scheme(clean)) {
        return split_url(clean);
    }
    if (clean.starts_with("//")) {
        return split_url(origin.scheme + ":" + clean);
    }
    SplitUrl split{origin, {}};
    split.origin.base_path.clear();
    const std::string_view path = target.substr(0, target.find('?'));
    if (clean.empty()) {
        split.target = target;
        return split;
    }
    if (clean.starts_with('?')) {
        split.target = std::string(path) + clean;
        return split;
    }
    const auto query = std::min(clean.find('?'), clean.size());
    const std::string named = clean.substr(0, query);
    const std::string base(path.substr(0, path.rfind('/') + 1));
    split.target =
        without_dots(named.starts_with('/') ? named : base + named) + clean.substr(query);
    return split;
}

}  // namespace plimsoll
