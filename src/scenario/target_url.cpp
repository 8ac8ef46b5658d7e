#include "scenario/parse.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kExample = "e.g. http://127.0.0.1:8080";

Error bad(std::string what) {
    return {std::move(what), {}, kExample};
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool is_host(const std::string& host, bool bracketed) {
    if (bracketed) {
        in6_addr storage{};
        return inet_pton(AF_INET6, host.c_str(), &storage) == 1;
    }
    return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
    });
}

// Reads host[:port] into `target`.
Status read_authority(std::string_view authority, TargetUrl& target) {
    const bool bracketed = authority.starts_with('[');
    const std::size_t close = bracketed ? authority.find(']') : 0;
    if (close == std::string_view::npos) {
        return bad("has a [ without ] in its host");
    }
    const std::size_t colon = authority.find(':', close);
    const std::string_view host =
        bracketed ? authority.substr(1, close - 1) : authority.substr(0, colon);
    target.host = lower(host);
    const bool joined = !bracketed || close + 1 == std::min(colon, authority.size());
    if (!is_host(target.host, bracketed) || !joined) {
        return bad(fmt::format("must have a host name or address, got {}", in_quotes(authority)));
    }
    if (colon == std::string_view::npos) {
        return {};
    }
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (code != std::errc{} || end != port.data() + port.size() || target.port == 0) {
        return bad(fmt::format("must have a port from 1 to 65535, got {}", in_quotes(port)));
    }
    return {};
}

// Takes `path` for the base of every step's path.
Status set_base_path(std::string_view path, TargetUrl& target) {
    target.base_path = path;
    while (target.base_path.ends_with('/')) {
        target.base_path.pop_back();
    }
    const bool clean = std::all_of(target.base_path.begin(), target.base_path.end(),
                                   [](unsigned char c) { return c > 0x20 && c < 0x7F; });
    return clean ? Status{} : bad("must not hold spaces or characters that need percent-encoding");
}

// unix:/run/app.sock, unix:///run/app.sock, or either with :/base behind it.
Result<TargetUrl> unix_target(std::string_view rest) {
    constexpr std::size_t kLongest = 107;  // sockaddr_un
    if (rest.starts_with("//")) {
        rest.remove_prefix(2);
    }
    TargetUrl target;
    target.scheme = "http";
    target.host = "localhost";
    const auto colon = std::min(rest.find(":/"), rest.size());
    target.unix_path = rest.substr(0, colon);
    if (!target.unix_path.starts_with('/') || target.unix_path.size() > kLongest) {
        return Error{
            fmt::format("must name a socket by an absolute path of at most {} bytes", kLongest),
            {},
            "e.g. unix:/run/app.sock, or unix:/run/app.sock:/base"};
    }
    if (rest.find_first_of("?#") != std::string_view::npos) {
        return bad("must not have a query or fragment");
    }
    if (Status set = set_base_path(colon < rest.size() ? rest.substr(colon + 1) : "", target);
        !set) {
        return set.error();
    }
    return target;
}

std::string bracketed(const std::string& host) {
    return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

}  // namespace

std::string TargetUrl::host_header() const {
    const std::uint16_t usual = scheme == "https" ? 443 : 80;
    if (!unix_path.empty()) {
        return host;
    }
    return port == usual ? bracketed(host) : fmt::format("{}:{}", bracketed(host), port);
}

std::string TargetUrl::to_string() const {
    if (!unix_path.empty()) {
        return fmt::format("unix:{}{}{}", unix_path, base_path.empty() ? "" : ":", base_path);
    }
    return fmt::format("{}://{}:{}{}", scheme, bracketed(host), port, base_path);
}

Result<TargetUrl> parse_target(std::string_view url) {
    TargetUrl target;
    if (url.starts_with("unix:")) {
        return unix_target(url.substr(5));
    }
    const std::size_t mark = url.find("://");
    if (mark == std::string_view::npos) {
        return bad("must be a URL that starts with http:// or https://");
    }
    target.scheme = lower(url.substr(0, mark));
    if (target.scheme != "http" && target.scheme != "https") {
        return bad(fmt::format("must start with http:// or https://, got {}",
                               in_quotes(url.substr(0, mark + 3))));
    }
    target.port = target.scheme == "https" ? 443 : 80;
    const std::string_view rest = url.substr(mark + 3);
    if (rest.find_first_of("?#") != std::string_view::npos) {
        return bad("must not have a query or fragment");
    }
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view authority = rest.substr(0, slash);
    if (authority.find('@') != std::string_view::npos) {
        return Error{"must not hold a user name or password",
                     {},
                     "give them as a header, e.g. Authorization: \"Basic ${env.CREDENTIALS}\""};
    }
    if (auto status = read_authority(authority, target); !status) {
        return status.error();
    }
    if (Status set = set_base_path(rest.substr(slash), target); !set) {
        return set.error();
    }
    return target;
}

}  // namespace plimsoll
