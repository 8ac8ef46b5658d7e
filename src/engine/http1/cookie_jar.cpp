#include "engine/http1/cookie_jar.hpp"

#include "scenario/trimmed.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <charconv>
#include <ctime>
#include <optional>

namespace plimsoll {
namespace {

constexpr std::int64_t kNever = INT64_MAX;
constexpr std::size_t kMost = 180;  // cookies of one jar: what a browser keeps for a site

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

bool is_address(std::string_view host) {
    in6_addr scratch{};
    const std::string text(host);
    return inet_pton(AF_INET, text.c_str(), &scratch) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &scratch) == 1;
}

/// RFC 6265, 5.1.3.
bool domain_matches(std::string_view host, std::string_view domain) {
    if (host == domain) {
        return true;
    }
    return host.size() > domain.size() && host.ends_with(domain) &&
           host[host.size() - domain.size() - 1] == '.' && !is_address(host);
}

/// RFC 6265, 5.1.4.
bool path_matches(std::string_view path, std::string_view cookies) {
    if (!path.starts_with(cookies)) {
        return false;
    }
    return path.size() == cookies.size() || cookies.ends_with('/') || path[cookies.size()] == '/';
}

std::string_view without_query(std::string_view path) {
    return path.substr(0, path.find_first_of("?#"));
}

std::string default_path(std::string_view path) {
    const std::string_view plain = without_query(path);
    const auto slash = plain.rfind('/');
    if (!plain.starts_with('/') || slash == 0) {
        return "/";
    }
    return std::string(plain.substr(0, slash));
}

bool is_date_delimiter(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x09 || (byte >= 0x20 && byte <= 0x2F) || (byte >= 0x3B && byte <= 0x40) ||
           (byte >= 0x5B && byte <= 0x60) || (byte >= 0x7B && byte <= 0x7E);
}

/// The number that `token` begins with: of `low` to `high` digits, ended by a non-digit.
std::optional<int> leading_number(std::string_view token, std::size_t low, std::size_t high) {
    std::size_t digits = 0;
    int value = 0;
    while (digits < token.size() && std::isdigit(static_cast<unsigned char>(token[digits])) != 0) {
        if (++digits > high) {
            return std::nullopt;
        }
        value = value * 10 + (token[digits - 1] - '0');
    }
    return digits >= low ? std::optional(value) : std::nullopt;
}

struct Date {
    std::optional<int> hour, minute, second, day, month, year;

    bool take_time(std::string_view token) {
        const auto first = token.find(':');
        const auto next = first == std::string_view::npos ? first : token.find(':', first + 1);
        if (hour || next == std::string_view::npos) {
            return false;
        }
        const auto h = leading_number(token.substr(0, first), 1, 2);
        const auto m = leading_number(token.substr(first + 1, next - first - 1), 1, 2);
        const auto s = leading_number(token.substr(next + 1), 1, 2);
        if (!h || !m || !s) {
            return false;
        }
        hour = h;
        minute = m;
        second = s;
        return true;
    }
    bool take_month(std::string_view token) {
        constexpr std::array<std::string_view, 12> kMonths{
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
        const std::string name = lower(token.substr(0, 3));
        const auto* const found = std::find(kMonths.begin(), kMonths.end(), name);
        if (month || found == kMonths.end()) {
            return false;
        }
        month = static_cast<int>(found - kMonths.begin());
        return true;
    }
    void take(std::string_view token) {
        if (take_time(token)) {
            return;
        }
        if (const auto number = leading_number(token, 1, 2); number && !day) {
            day = number;
        } else if (!take_month(token) && !year) {
            year = leading_number(token, 2, 4);
        }
    }
};

}  // namespace

std::int64_t parse_cookie_date(std::string_view text, std::int64_t fallback) {
    Date date;
    for (std::size_t at = 0; at < text.size();) {
        if (is_date_delimiter(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && !is_date_delimiter(text[end])) {
            ++end;
        }
        date.take(text.substr(at, end - at));
        at = end;
    }
    if (!date.hour || !date.day || !date.month || !date.year) {
        return fallback;
    }
    int year = *date.year;
    if (year < 100) {
        year += year >= 70 ? 1900 : 2000;
    }
    const bool sound = *date.day >= 1 && *date.day <= 31 && year >= 1601 && *date.hour <= 23 &&
                       *date.minute <= 59 && *date.second <= 59;
    if (!sound) {
        return fallback;
    }
    std::tm parts{};
    parts.tm_year = year - 1900;
    parts.tm_mon = *date.month;
    parts.tm_mday = *date.day;
    parts.tm_hour = *date.hour;
    parts.tm_min = *date.minute;
    parts.tm_sec = *date.second;
    return ::timegm(&parts);
}

void CookieJar::set(std::string_view header, const CookieScope& from, std::int64_t now) {
    auto end = std::min(header.find(';'), header.size());
    const std::string_view pair = header.substr(0, end);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)).empty()) {
        return;
    }
    Cookie cookie{std::string(trimmed(pair.substr(0, equals))),
                  std::string(trimmed(pair.substr(equals + 1))),
                  std::string(from.host),
                  default_path(from.path),
                  kNever,
                  true,
                  false};
    bool has_max_age = false;
    while (end < header.size()) {
        const auto begin = end + 1;
        end = std::min(header.find(';', begin), header.size());
        const std::string_view attribute = header.substr(begin, end - begin);
        const auto mark = std::min(attribute.find('='), attribute.size());
        const std::string name = lower(trimmed(attribute.substr(0, mark)));
        const std::string_view value =
            mark < attribute.size() ? trimmed(attribute.substr(mark + 1)) : std::string_view();
        if (name == "secure") {
            cookie.secure = true;
        } else if (name == "path") {
            cookie.path = value.starts_with('/') ? std::string(value) : default_path(from.path);
        } else if (name == "expires" && !has_max_age) {
            cookie.expires = parse_cookie_date(value, cookie.expires);
        } else if (name == "max-age") {
            std::int64_t seconds = 0;
            const auto [stop, code] =
                std::from_chars(value.data(), value.data() + value.size(), seconds);
            if (code == std::errc{} && stop == value.data() + value.size()) {
                has_max_age = true;
                constexpr std::int64_t kLongest = std::int64_t{1} << 40;
                cookie.expires = seconds <= 0 ? INT64_MIN : now + std::min(seconds, kLongest);
            }
        } else if (name == "domain" && !value.empty()) {
            std::string domain = lower(value.starts_with('.') ? value.substr(1) : value);
            const bool own = domain == from.host;
            if (!domain_matches(from.host, domain) ||
                (!own && domain.find('.') == std::string::npos)) {
                return;
            }
            cookie.host_only = own && is_address(domain);
            cookie.domain = std::move(domain);
        }
    }
    if (cookie.secure && !from.secure) {
        return;  // as browsers do: a plain connection must not set what a secure one relies on
    }
    const auto same = std::find_if(cookies_.begin(), cookies_.end(), [&](const Cookie& each) {
        return each.name == cookie.name && each.domain == cookie.domain && each.path == cookie.path;
    });
    const bool known = same != cookies_.end();
    if (cookie.expires <= now) {
        if (known) {
            cookies_.erase(same);
        }
        return;
    }
    if (known) {
        *same = std::move(cookie);  // keeps its age
        return;
    }
    if (cookies_.size() >= kMost) {
        cookies_.erase(cookies_.begin());
    }
    const auto place = std::find_if(cookies_.begin(), cookies_.end(), [&](const Cookie& each) {
        return each.path.size() < cookie.path.size();
    });
    cookies_.insert(place, std::move(cookie));
}

void CookieJar::append_header(const CookieScope& to, std::int64_t now, std::string& out) const {
    const std::string_view path = without_query(to.path);
    bool first = true;
    for (const Cookie& cookie : cookies_) {
        const bool right_host =
            cookie.host_only ? to.host == cookie.domain : domain_matches(to.host, cookie.domain);
        if (!right_host || cookie.expires <= now || (cookie.secure && !to.secure) ||
            !path_matches(path.empty() ? "/" : path, cookie.path)) {
            continue;
        }
        out += first ? "Cookie: " : "; ";
        out += cookie.name;
        out += '=';
        out += cookie.value;
        first = false;
    }
    if (!first) {
        out += "\r\n";
    }
}

}  // namespace plimsoll
