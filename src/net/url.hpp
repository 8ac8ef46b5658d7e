// Where an HTTP request goes: a parsed http, https or unix address.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

struct Url {
    enum class Scheme { Http, Https, Unix };
    Scheme scheme = Scheme::Http;
    std::string host;          // name or address; IPv6 without brackets; empty for unix
    std::uint16_t port = 0;    // the scheme's default when the text has none; 0 for unix
    std::string socket_path;   // only for unix
    std::string target = "/";  // path and query, without the fragment; "/" for unix

    /// "http://host:port", "https://[::1]:port" or "unix:/path": the server, without the target.
    [[nodiscard]] std::string origin() const;
    /// What the Host header carries: the port only when it is not the scheme's default.
    [[nodiscard]] std::string authority() const;
};

/// Reads "http://host[:port][/path][?query]", the same with https, and "unix:/path/of/socket".
/// Error: another scheme, a missing host, a bad port, blanks, or a user name or password inside
/// (they would end up in logs; send an Authorization header instead). The Error never repeats them.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace plimsoll
