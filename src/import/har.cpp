// HTTP Archive 1.2, as browsers export it.
#include "import/bodies.hpp"
#include "import/draft.hpp"
#include "import/json_access.hpp"
#include "import/naming.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

namespace json = boost::json;

struct Entry {
    const json::value* raw = nullptr;
    UrlParts url;
    std::string method;
    int status = 0;
    double start_s = 0;  // from some epoch
    double end_s = 0;
    std::string type;  // of the response: the media type; or what the browser called it
};

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

bool redirects(const Entry& entry) {
    return entry.status >= 301 && entry.status <= 308 && entry.status != 304 &&
           !text_at(entry.raw, "response", "redirectURL").empty();
}

std::optional<Entry> read_entry(const json::value& raw, LeftOut& left_out) {
    Entry entry;
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

bool is_static(const Entry& entry) {
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

// The origin of the first page that is one, and no redirect to it; without pages, the most
// frequent.
std::string main_origin(const std::vector<Entry>& entries) {
    std::map<std::string, std::size_t> counts;
    for (const Entry& entry : entries) {
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

std::vector<std::string> wanted_origins(const std::vector<Entry>& entries,
                                        const ImportOptions& options) {
    std::vector<std::string> origins;
    for (const std::string& host : options.hosts) {
        const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
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

// Cookies that the recording got itself: a user's jar holds them.
class CookiesSeen {
public:
    void take(const json::value& raw) {
        for (const json::value& cookie : items_at(&raw, "response", "cookies")) {
            names_.insert(text_at(&cookie, "name"));
        }
        for (const json::value& header : items_at(&raw, "response", "headers")) {
            if (lower_case(text_at(&header, "name")) == "set-cookie") {
                const std::string value = text_at(&header, "value");
                names_.insert(value.substr(0, value.find('=')));
            }
        }
    }
    [[nodiscard]] bool has_all(std::string_view header) const {
        while (!header.empty()) {
            const std::size_t end = std::min(header.find(';'), header.size());
            std::string name(header.substr(0, std::min(header.find('='), end)));
            name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
            if (!names_.contains(name)) {
                return false;
            }
            header.remove_prefix(std::min(end + 1, header.size()));
        }
        return true;
    }

private:
    std::set<std::string> names_;
};

/// Finds what responses give and later requests send back: tokens, and ids of what was made.
class Responses {
public:
    void offer(const json::value& raw, std::size_t step, Secrets& secrets) {
        const std::string type = lower_case(text_at(&raw, "response", "content", "mimeType"));
        std::string text = text_at(&raw, "response", "content", "text");
        if (text_at(&raw, "response", "content", "encoding") == "base64") {
            text = from_base64(text).value_or("");
        }
        if (type.find("json") == std::string::npos || text.empty()) {
            return;
        }
        if (const auto parsed = parse_json(text, "a response")) {
            walk(*parsed, "", "", step, secrets, 0);
        }
    }

    void add_captures(std::vector<DraftStep>& steps, const Secrets& secrets) const {
        for (const auto& [offer, variable] : secrets.taken()) {
            steps[offers_[offer].step].captures.emplace_back(variable, offers_[offer].pointer);
        }
    }

private:
    struct Offer {
        std::size_t step;
        std::string pointer;
    };

    void walk(const json::value& value, const std::string& pointer, std::string_view name,
              std::size_t step, Secrets& secrets, int depth) {
        constexpr int kDeepest = 6;
        constexpr std::size_t kMost = 2000;
        if (depth > kDeepest || offers_.size() > kMost) {
            return;
        }
        if (const auto* const object = value.if_object()) {
            for (const auto& [key, member] : *object) {
                walk(member, pointer + "/" + escaped(key), key, step, secrets, depth + 1);
            }
        } else if (const auto* const array = value.if_array()) {
            for (std::size_t i = 0; i < std::min<std::size_t>(array->size(), 3); ++i) {
                walk((*array)[i], fmt::format("{}/{}", pointer, i), name, step, secrets, depth + 1);
            }
        } else if (const std::string text = leaf(value); is_sent_back(name, text)) {
            secrets.offer(name, text, offers_.size());
            offers_.push_back({step, pointer});
        }
    }

    static std::string leaf(const json::value& value) {
        const auto* const string = value.if_string();
        return string != nullptr                       ? std::string(*string)
               : value.is_int64() || value.is_uint64() ? json::serialize(value)
                                                       : std::string();
    }

    static bool is_sent_back(std::string_view name, const std::string& text) {
        const std::string word = lower_case(name);
        const bool id = (word == "id" || word.ends_with("_id") || name.ends_with("Id") ||
                         word == "uuid" || word == "key" || word == "slug") &&
                        is_id(text);
        return id || (text.size() >= 6 && is_secret_name(name)) ||
               (text.size() >= 20 && is_id(text));
    }

    static std::string escaped(std::string_view key) {  // RFC 6901
        std::string result;
        for (const char c : key) {
            result += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        }
        return result;
    }

    std::vector<Offer> offers_;
};

// A body that the recording has field by field (HAR 1.2: params or text, not both).
void read_params(const json::value& data, const std::string& type, DraftStep& step, Draft& draft,
                 LeftOut& left_out) {
    const bool multipart = lower_case(type).starts_with("multipart/");
    Pairs fields;
    std::vector<DraftPart> parts;
    for (const json::value& field : items_at(&data, "params")) {
        const std::string name = text_at(&field, "name");
        std::string value = draft.secrets.field(name, text_at(&field, "value"));
        const std::string file = text_at(&field, "fileName");
        if (!file.empty() && value.empty()) {
            left_out.remark("file whose content the recording does not have; it is sent empty");
        }
        if (multipart) {
            parts.push_back({name, std::move(value), false, file, text_at(&field, "contentType")});
        } else {
            fields.emplace_back(as_literal(name), std::move(value));
        }
    }
    if (multipart) {
        set_parts(step, std::move(parts));
        return;
    }
    set_form(step, fields);
    if (type.find(';') != std::string::npos && !has_header(step, "content-type")) {
        step.headers.emplace_back("Content-Type", as_literal(type));  // with its charset
    }
}

void read_body(const json::value& raw, DraftStep& step, Draft& draft, LeftOut& left_out) {
    const json::value* const data = find(&raw, "request", "postData");
    if (data == nullptr || !data->is_object()) {
        return;
    }
    const std::string type = text_at(data, "mimeType");
    std::string text = text_at(data, "text");
    if (text.empty() && !items_at(data, "params").empty()) {
        read_params(*data, type, step, draft, left_out);
        return;
    }
    if (text_at(data, "encoding") == "base64" || text_at(data, "_encoding") == "base64") {
        if (auto bytes = from_base64(text)) {
            text = *std::move(bytes);
        }
    }
    const double size = number_at(&raw, "request", "bodySize").value_or(0);
    if (text.empty() && size > 0) {
        left_out.remark("body whose content the recording does not have; it is sent empty");
    }
    if (!text.empty() || size > 0 || step.method != "get") {
        set_body(step, draft.secrets, type, text);
    }
}

// What a browser adds to each request by itself, and the service's answer does not depend on.
bool is_browsers(const std::string& lower) {
    constexpr std::array<std::string_view, 15> kNames{"host",
                                                      "user-agent",
                                                      "referer",
                                                      "origin",
                                                      "cache-control",
                                                      "pragma",
                                                      "dnt",
                                                      "upgrade-insecure-requests",
                                                      "priority",
                                                      "purpose",
                                                      "if-modified-since",
                                                      "if-none-match",
                                                      "traceparent",
                                                      "tracestate",
                                                      "accept-language"};
    return lower.starts_with("sec-") ||
           std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

// Without the encodings that no response is decoded of here.
std::string known_encodings(std::string value) {
    for (const std::string_view unknown : {", zstd", ", sdch", ", dcb", ", dcz"}) {
        if (const std::size_t at = value.find(unknown); at != std::string::npos) {
            value.erase(at, unknown.size());
        }
    }
    return value;
}

DraftStep make_step(const Entry& entry, const std::string& target, const CookiesSeen& cookies,
                    Draft& draft, LeftOut& left_out) {
    DraftStep step;
    step.method = entry.method;
    const bool elsewhere = entry.url.origin != target;
    set_target(step, draft.secrets, (elsewhere ? entry.url.origin : "") + entry.url.target);
    for (const json::value& header : items_at(entry.raw, "request", "headers")) {
        const std::string name = text_at(&header, "name");
        const std::string value = text_at(&header, "value");
        const std::string lower = lower_case(name);
        const bool from_jar = lower == "cookie" && cookies.has_all(value);
        const bool usual = lower == "accept" && value == "*/*";
        if (is_browsers(lower)) {
            left_out.add(
                "header that the browser adds by itself (User-Agent, Referer, Sec-Fetch-* ...)");
        } else if (!from_jar && lower != "content-type" && !usual) {
            static_cast<void>(
                add_header(step, draft.secrets, name,
                           lower == "accept-encoding" ? known_encodings(value) : value));
        }
    }
    read_body(*entry.raw, step, draft, left_out);
    name_graphql(step);
    if (entry.status >= 100 && entry.status < 600) {
        step.statuses = {entry.status == 304 ? 200 : entry.status};  // conditions are not sent
    }
    return step;
}

Nanoseconds rounded(double seconds) {
    constexpr double kShortest = 0.1;  // below it is the browser's own work
    if (!(seconds >= kShortest)) {
        return {};
    }
    const double grain = seconds < 1 ? 0.01 : seconds < 10 ? 0.1 : 1;
    return std::chrono::milliseconds(std::llround(std::round(seconds / grain) * grain * 1e3));
}

// Redirects are followed by the run itself: their next hops, which the recording has as entries of
// their own, belong to the step that began them.
class Redirects {
public:
    /// The step that `entry` is a hop of.
    std::optional<std::size_t> step_of(const Entry& entry) {
        for (auto one = waiting_.begin(); one != waiting_.end(); ++one) {
            if (one->to == entry.url.origin + entry.url.target) {
                const std::size_t step = one->step;
                waiting_.erase(one);
                return step;
            }
        }
        return std::nullopt;
    }
    void add(const Entry& entry, std::size_t step) {
        if (!redirects(entry)) {
            return;
        }
        const std::string to = text_at(entry.raw, "response", "redirectURL");
        const auto url = split_url(to);
        waiting_.push_back({url ? url->origin + url->target
                            : to.starts_with("//")
                                ? split_url("http:" + to).value_or(UrlParts{}).origin
                                : entry.url.origin + to,
                            step});
    }

private:
    struct Waiting {
        std::string to;
        std::size_t step;
    };
    std::vector<Waiting> waiting_;
};

void add_steps(const std::vector<Entry>& entries, const std::vector<std::string>& origins,
               Draft& draft, LeftOut& left_out, const ImportOptions& options) {
    CookiesSeen cookies;
    Responses responses;
    Redirects chains;
    std::vector<DraftStep>& steps = draft.users.front().steps;
    double last_end_s = 0;
    for (const Entry& entry : entries) {
        const bool wanted =
            std::find(origins.begin(), origins.end(), entry.url.origin) != origins.end();
        if (const auto step = chains.step_of(entry)) {
            steps[*step].statuses = {entry.status == 304 ? 200 : entry.status};
            chains.add(entry, *step);
            responses.offer(*entry.raw, *step, draft.secrets);
        } else if (!wanted || entry.status == 0 || entry.method == "options" ||
                   (!options.keep_static && is_static(entry))) {
            left_out.add(!wanted && redirects(entry) ? "redirect from another host"
                         : !wanted                   ? "request to " + entry.url.host
                         : entry.status == 0         ? "request without an answer"
                         : entry.method == "options" ? "preflight request"
                                                     : "static file");
            cookies.take(*entry.raw);
            continue;
        } else {
            if (!steps.empty()) {
                steps.back().think = rounded(entry.start_s - last_end_s);
            }
            steps.push_back(make_step(entry, origins.front(), cookies, draft, left_out));
            responses.offer(*entry.raw, steps.size() - 1, draft.secrets);
            chains.add(entry, steps.size() - 1);
        }
        cookies.take(*entry.raw);
        last_end_s = std::max(last_end_s, entry.end_s);
    }
    responses.add_captures(steps, draft.secrets);
}

}  // namespace
}  // namespace import

Result<Imported> import_har(std::string_view text, const ImportOptions& options) {
    using namespace import;
    const auto document = parse_json(text, "a HAR recording");
    if (!document) {
        return document.error();
    }
    const json::value* const raw_entries = find(&*document, "log", "entries");
    if (raw_entries == nullptr || !raw_entries->is_array()) {
        return Error{"must be a HAR recording: a JSON object with log.entries",
                     {},
                     "in a browser's developer tools, Network: Export HAR"};
    }
    Draft draft;
    LeftOut left_out;
    draft.origin = fmt::format("a HAR recording, {}", options.source);
    draft.users.push_back({"visitor", 1, {}});
    std::vector<Entry> entries;
    for (const json::value& raw : raw_entries->get_array()) {
        if (auto entry = read_entry(raw, left_out)) {
            entries.push_back(*std::move(entry));
        }
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.start_s < b.start_s; });
    const auto origins = wanted_origins(entries, options);
    if (origins.empty()) {
        return Error{"holds no HTTP request to such a host", {}, "check --host, or leave it out"};
    }
    draft.target = origins.front();
    add_steps(entries, origins, draft, left_out, options);
    left_out.note(draft);
    return write(std::move(draft));
}

}  // namespace plimsoll
