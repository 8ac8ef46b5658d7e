#include "net/url.hpp"

#include <algorithm>
#include <charconv>

namespace plimsoll {
namespace {

constexpr std::string_view kExpected =
    "expected http://host:port, https://host:port or unix:/path/of/socket";

std::uint16_t default_port(Url::Scheme scheme) {
    return scheme == Url::Scheme::Https ? 443 : 80;
}

Error bad_url(std::string what) {
    return Error{std::move(what), {}, std::string(kExpected)};
}

Result<std::uint16_t> parse_port(std::string_view text) {
    unsigned value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size() || value == 0 || value > 65535) {
        return bad_url("the port must be a number from 1 to 65535, got \"" + std::string(text) +
                       "\"");
    }
    return static_cast<std::uint16_t>(value);
}

/// Fills host and port from "host", "host:port" or "[v6]:port".
Status read_authority(std::string_view text, Url& url) {
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) {
            return bad_url("the address has a [ without its ]");
        }
        url.host = std::string(text.substr(1, close - 1));
        rest = text.substr(close + 1);
        if (!rest.empty() && !rest.starts_with(':')) {
            return bad_url("after ] only :port may follow");
        }
    } else {
        const auto colon = text.find(':');
        url.host = std::string(text.substr(0, colon));
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
    }
    if (url.host.empty()) {
        return bad_url("the host is missing");
    }
    url.port = default_port(url.scheme);
    if (!rest.empty()) {
        const auto port = parse_port(rest.substr(1));
        if (!port) {
            return port.error();
        }
        url.port = *port;
    }
    return {};
}

}  // namespace

std::string Url::authority() const {
    if (scheme == Scheme::Unix) {
        return "localhost";
    }
    const bool v6 = host.find(':') != std::string::npos;
    std::string text = v6 ? "[" + host + "]" : host;
    if (port != default_port(scheme)) {
        text += ":" + std::to_string(port);
    }
    return text;
}

std::string Url::origin() const {
    if (scheme == Scheme::Unix) {
        return "unix:" + socket_path;
    }
    const bool v6 = host.find(':') != std::string::npos;
    return std::string(scheme == Scheme::Https ? "https://" : "http://") +
           (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
    const auto unprintable = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) == 0x7f;
    };
    if (std::any_of(text.begin(), text.end(), unprintable)) {
        return bad_url("a URL must not contain blanks or control characters");
    }
    Url url;
    if (text.starts_with("unix:")) {
        url.scheme = Url::Scheme::Unix;
        text.remove_prefix(5);
        if (text.starts_with("//")) {
            text.remove_prefix(2);
        }
        if (!text.starts_with('/')) {
            return bad_url("the path of a unix socket must be absolute");
        }
        url.socket_path = std::string(text);
        return url;
    }
    if (text.starts_with("http://")) {
        text.remove_prefix(7);
    } else if (text.starts_with("https://")) {
        url.scheme = Url::Scheme::Https;
        text.remove_prefix(8);
    } else {
        return bad_url("not a URL this program can use");
    }
    text = text.substr(0, text.find('#'));
    const auto slash = text.find_first_of("/?");
    const std::string_view authority = text.substr(0, slash);
    if (authority.find('@') != std::string_view::npos) {
        return Error{"a user name or password inside a URL is not accepted",
                     {},
                     "send an Authorization header instead"};
    }
    if (const auto status = read_authority(authority, url); !status) {
        return status.error();
    }
    if (slash != std::string_view::npos) {
        url.target = std::string(text.substr(slash));
        if (url.target.front() == '?') {
            url.target.insert(0, "/");
        }
    }
    return url;
}

}  // namespace plimsoll
