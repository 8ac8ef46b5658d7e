// One user's cookies (RFC 6265).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Where a request goes, as far as cookies care.
struct CookieScope {
    std::string_view host;  // lower case, no port
    std::string_view path;  // of the request; a query is ignored
    bool secure = false;    // https
};

/// Times are seconds since 1970, as cookies have them. There is no list of public suffixes: a
/// Domain without a dot in it is refused, and that is all. Threading: one shard.
class CookieJar {
public:
    /// Takes one Set-Cookie value. What the server may not set is ignored, as a browser does.
    void set(std::string_view header, const CookieScope& from, std::int64_t now);
    /// Appends "Cookie: a=1; b=2\r\n" with what belongs to a request to `to`, or nothing.
    void append_header(const CookieScope& to, std::int64_t now, std::string& out) const;
    [[nodiscard]] bool empty() const noexcept { return cookies_.empty(); }
    void clear() noexcept { cookies_.clear(); }

private:
    struct Cookie {
        std::string name;
        std::string value;
        std::string domain;
        std::string path;
        std::int64_t expires;  // INT64_MAX: with the jar
        bool host_only;
        bool secure;
    };
    std::vector<Cookie> cookies_;  // longest path first, then oldest first (RFC 6265, 5.4)
};

/// An Expires date in any form that RFC 6265, 5.1.1 takes, in seconds since 1970; `fallback` where
/// it is none.
[[nodiscard]] std::int64_t parse_cookie_date(std::string_view text, std::int64_t fallback);

}  // namespace plimsoll
