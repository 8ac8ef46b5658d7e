#include "import/har_entry.hpp"

#include "import/json_access.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

namespace json = boost::json;

// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, chrono-compatible low-level
// date algorithms, days_from_civil).
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const auto of_era = static_cast<unsigned>(year - era * 400);
    const unsigned of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
    const unsigned day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

// 2024-05-01T12:00:00.123Z, or with +02:00.
std::optional<double> read_time(const std::string& text) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    double second = 0;
    int used = 0;
    const int fields = std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%lf%n", &year, &month, &day,
                                   &hour, &minute, &second, &used);
    if (fields != 6 || month < 1 || month > 12 || !std::isfinite(second)) {
        return std::nullopt;
    }
    unsigned zone_hours = 0;
    unsigned zone_minutes = 0;
    double zone = 0;
    const std::string rest = text.substr(static_cast<std::size_t>(used));
    if (!rest.empty() && (rest[0] == '+' || rest[0] == '-') &&
        std::sscanf(rest.c_str() + 1, "%2u:%2u", &zone_hours, &zone_minutes) >= 1) {
        zone = (rest[0] == '+' ? 1 : -1) * (zone_hours * 3600.0 + zone_minutes * 60.0);
    }
    return static_cast<double>(days_from_civil(year, month, day)) * 86400 + hour * 3600.0 +
           minute * 60.0 + second - zone;
}

// What is no HTTP request, by its URL's scheme.
std::string other_kind(std::string_view url) {
    const std::string scheme = lower_case(url.substr(0, std::min(url.find(':'), url.size())));
    const bool known = scheme.size() < 24 && std::all_of(scheme.begin(), scheme.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || c == '-' || c == '+';
                       });
    return scheme == "ws" || scheme == "wss" ? "WebSocket connection"
           : known && !scheme.empty()        ? fmt::format("request of another kind ({}:)", scheme)
                                             : "request without a URL";
}

// The origin of the first page that is one, and no redirect to it; without pages, the most
// frequent.
std::string main_origin(const std::vector<HarEntry>& entries) {
    std::map<std::string, std::size_t> counts;
    for (const HarEntry& entry : entries) {
        if (redirects(entry) || entry.status == 0) {
            continue;
        }
        if (entry.type == "document" || entry.type.starts_with("text/html")) {
            return entry.url.origin;
        }
        ++counts[entry.url.origin];
    }
    const auto most =
        std::max_element(counts.begin(), counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most != counts.end() ? most->first : entries.empty() ? "" : entries.front().url.origin;
}

}  // namespace

bool redirects(const HarEntry& entry) {
    return entry.status >= 301 && entry.status <= 308 && entry.status != 304 &&
           !text_at(entry.raw, "response", "redirectURL").empty();
}

std::optional<HarEntry> read_har_entry(const json::value& raw, LeftOut& left_out) {
    HarEntry entry;
    entry.raw = &raw;
    const auto url = split_url(text_at(&raw, "request", "url"));
    if (!url) {
        left_out.add(other_kind(text_at(&raw, "request", "url")));
        return std::nullopt;
    }
    entry.url = *url;
    const auto method = step_method(text_at(&raw, "request", "method"));
    if (!method) {
        left_out.add("request of a method that a step cannot have");
        return std::nullopt;
    }
    entry.method = *method;
    entry.status = static_cast<int>(number_at(&raw, "response", "status").value_or(0));
    entry.start_s = read_time(text_at(&raw, "startedDateTime")).value_or(0);
    entry.end_s = entry.start_s + std::max(0.0, number_at(&raw, "time").value_or(0)) / 1e3;
    entry.type = lower_case(text_at(&raw, "_resourceType"));
    if (entry.type.empty()) {
        entry.type = lower_case(text_at(&raw, "response", "content", "mimeType"));
    }
    return entry;
}

bool is_preflight(const HarEntry& entry) {
    const auto& headers = items_at(entry.raw, "request", "headers");
    return entry.method == "options" &&
           (entry.type == "preflight" ||
            std::any_of(headers.begin(), headers.end(), [](const json::value& header) {
                return lower_case(text_at(&header, "name")) == "access-control-request-method";
            }));
}

bool is_static(const HarEntry& entry) {
    constexpr std::array<std::string_view, 7> kKinds{"image", "stylesheet", "script",   "font",
                                                     "media", "manifest",   "texttrack"};
    constexpr std::array<std::string_view, 7> kTypes{"image/",
                                                     "font/",
                                                     "audio/",
                                                     "video/",
                                                     "text/css",
                                                     "text/javascript",
                                                     "application/javascript"};
    constexpr std::array<std::string_view, 16> kEndings{
        ".js",  ".mjs", ".css",  ".map",  ".png",  ".jpg",   ".jpeg", ".gif",
        ".svg", ".ico", ".webp", ".avif", ".woff", ".woff2", ".ttf",  ".webmanifest"};
    if (entry.method != "get" && entry.method != "head") {
        return false;
    }
    const auto any = [&](const auto& list, const auto& fits) {
        return std::any_of(list.begin(), list.end(), fits);
    };
    const std::string path = lower_case(entry.url.target.substr(0, entry.url.target.find('?')));
    return any(kKinds, [&](std::string_view kind) { return entry.type == kind; }) ||
           any(kTypes, [&](std::string_view type) { return entry.type.starts_with(type); }) ||
           any(kEndings, [&](std::string_view ending) { return path.ends_with(ending); });
}

std::vector<std::string> wanted_origins(const std::vector<HarEntry>& entries,
                                        const ImportOptions& options) {
    std::vector<std::string> origins;
    for (const std::string& host : options.hosts) {
        const auto found = std::find_if(entries.begin(), entries.end(), [&](const HarEntry& entry) {
            return entry.url.host == lower_case(host) ||
                   entry.url.host.substr(0, entry.url.host.rfind(':')) == lower_case(host);
        });
        if (found != entries.end()) {
            origins.push_back(found->url.origin);
        }
    }
    if (options.hosts.empty() && !entries.empty()) {
        origins.push_back(main_origin(entries));
    }
    return origins;
}

}  // namespace plimsoll::import
