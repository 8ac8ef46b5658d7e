#include "import/request_text.hpp"

#include "import/json_access.hpp"
#include "import/naming.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

// What the engine writes by itself, or a browser adds to each request and no service looks at.
bool is_transport_header(std::string_view name) {
    constexpr std::array<std::string_view, 24> kNames{"host",
                                                      "content-length",
                                                      "connection",
                                                      "transfer-encoding",
                                                      "accept-encoding",
                                                      "accept-language",
                                                      "user-agent",
                                                      "referer",
                                                      "origin",
                                                      "cache-control",
                                                      "pragma",
                                                      "dnt",
                                                      "upgrade-insecure-requests",
                                                      "priority",
                                                      "te",
                                                      "keep-alive",
                                                      "expect",
                                                      "if-none-match",
                                                      "if-modified-since",
                                                      "purpose",
                                                      "traceparent",
                                                      "postman-token",
                                                      "proxy-connection",
                                                      "range"};
    const std::string lower = lower_case(name);
    return name.empty() || name.front() == ':' || lower.starts_with("sec-") ||
           std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

bool is_header_text(std::string_view name, std::string_view value) {
    const auto token = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return std::all_of(name.begin(), name.end(), token) &&
           std::none_of(value.begin(), value.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return (byte < 0x20 && c != '\t') || byte == 0x7F;
           });
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::string decode_form(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape = text[at] == '%' && at + 2 < text.size() &&
                            hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
        if (escape) {
            result += static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
            at += 2;
        } else {
            result += text[at] == '+' ? ' ' : text[at];
        }
    }
    return result;
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::optional<std::string> step_method(std::string_view method) {
    constexpr std::array<std::string_view, 7> kMethods{"get",    "post", "put",    "patch",
                                                       "delete", "head", "options"};
    std::string lower = lower_case(method);
    const bool known = std::find(kMethods.begin(), kMethods.end(), lower) != kMethods.end();
    return known ? std::optional(std::move(lower)) : std::nullopt;
}

std::optional<UrlParts> split_url(std::string_view url, bool lenient) {
    std::string scheme = "http";
    if (const std::size_t mark = url.find("://"); mark != std::string_view::npos && mark < 12) {
        scheme = lower_case(url.substr(0, mark));
        url.remove_prefix(mark + 3);
    } else if (!lenient) {
        return std::nullopt;
    }
    if (scheme != "http" && scheme != "https") {
        return std::nullopt;
    }
    const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
    std::string_view authority = url.substr(0, end);
    UrlParts parts;
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        parts.user_info = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    parts.host = lower_case(authority);
    const std::string_view usual = scheme == "http" ? ":80" : ":443";
    if (parts.host.ends_with(usual)) {
        parts.host.resize(parts.host.size() - usual.size());
    }
    if (parts.host.empty()) {
        return std::nullopt;
    }
    parts.origin = scheme + "://" + parts.host;
    parts.target = url.substr(end, url.find('#', end) - end);
    if (!parts.target.starts_with('/')) {
        parts.target.insert(0, "/");
    }
    return parts;
}

std::string clean_target(std::string_view target) {
    std::string result;
    for (const char c : target) {
        const auto byte = static_cast<unsigned char>(c);
        const bool bad = byte <= 0x20 || byte >= 0x7F || c == '#' || c == '{' || c == '}' ||
                         c == '"' || c == '<' || c == '>';
        result += bad ? fmt::format("%{:02X}", byte) : std::string(1, c);
    }
    return result;
}

bool has_header(const DraftStep& step, std::string_view name) {
    return std::any_of(step.headers.begin(), step.headers.end(), [&](const auto& header) {
        return lower_case(header.first) == lower_case(name);
    });
}

void add_header(DraftStep& step, Secrets& secrets, std::string_view name, std::string_view value) {
    if (is_transport_header(name) || !is_header_text(name, value) || has_header(step, name)) {
        return;
    }
    step.headers.emplace_back(name, secrets.header(name, value));
}

std::optional<Pairs> form_fields(std::string_view text) {
    Pairs fields;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        const std::size_t equals = std::min(pair.find('='), pair.size());
        std::string key = decode_form(pair.substr(0, equals));
        const bool twice = std::any_of(fields.begin(), fields.end(),
                                       [&](const auto& field) { return field.first == key; });
        if (key.empty() || twice || equals == pair.size()) {
            return std::nullopt;
        }
        fields.emplace_back(std::move(key), decode_form(pair.substr(equals + 1)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return fields.empty() ? std::nullopt : std::optional(std::move(fields));
}

void set_body(DraftStep& step, Secrets& secrets, std::string_view media_type,
              std::string_view text) {
    if (text.empty()) {
        return;
    }
    const std::string type = lower_case(media_type.substr(0, media_type.find(';')));
    const auto drop_type = [&step] {
        std::erase_if(step.headers, [](const auto& header) {
            return lower_case(header.first) == "content-type";
        });
    };
    if (type.find("json") != std::string::npos) {
        if (const auto parsed = parse_json(text, "a body")) {
            step.body = DraftStep::Body::Json;
            step.json = secrets.json(*parsed);
            if (type == "application/json") {
                drop_type();
            }
            return;
        }
    }
    if (type == "application/x-www-form-urlencoded") {
        if (auto fields = form_fields(text)) {
            step.body = DraftStep::Body::Form;
            for (auto& [name, value] : *fields) {
                value = secrets.field(name, value);
                name = as_literal(name);
            }
            step.form = *std::move(fields);
            drop_type();
            return;
        }
    }
    step.body = DraftStep::Body::Text;
    step.text = secrets.text(text);
    if (!media_type.empty() && !has_header(step, "content-type")) {
        step.headers.emplace_back("Content-Type", as_literal(media_type));
    }
}

void set_target(DraftStep& step, Secrets& secrets, std::string_view target) {
    step.path = secrets.path(clean_target(target));
    const std::string name = endpoint_name(step.path);
    step.name = name == step.path.substr(0, step.path.find('?')) ? "" : name;
}

void name_graphql(DraftStep& step) {
    const std::string operation = text_at(&step.json, "operationName");
    if (step.body == DraftStep::Body::Json && find(&step.json, "query") != nullptr &&
        !operation.empty() && operation.size() < 100) {
        step.name = endpoint_name(step.path) + " " + operation;
    }
}

}  // namespace plimsoll::import
