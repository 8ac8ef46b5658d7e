#include "import/har_step.hpp"

#include "import/bodies.hpp"
#include "import/json_access.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <array>

namespace plimsoll::import {
namespace {

namespace json = boost::json;

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

}  // namespace

void CookiesSeen::take(const json::value& raw) {
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
bool CookiesSeen::has_all(std::string_view header) const {
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

DraftStep make_har_step(const HarEntry& entry, const std::string& target,
                        const CookiesSeen& cookies, Draft& draft, LeftOut& left_out) {
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

}  // namespace plimsoll::import
