#include "import/request_text.hpp"

#include "import/bodies.hpp"
#include "import/naming.hpp"
#include "scenario/parse.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

bool is_header_text(std::string_view name, std::string_view value) {
    const auto token = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return std::all_of(name.begin(), name.end(), token) && is_utf8(value) &&
           std::none_of(value.begin(), value.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return (byte < 0x20 && c != '\t') || byte == 0x7F;
           });
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::optional<std::string> step_method(std::string_view method) {
    constexpr std::array<std::string_view, 8> kMethods{"get",    "post", "put",     "patch",
                                                       "delete", "head", "options", "trace"};
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
    if (parts.host.ends_with(':')) {  // an empty port is the usual one
        parts.host.pop_back();
    }
    parts.origin = scheme + "://" + parts.host;
    if (!parse_target(parts.origin)) {
        return std::nullopt;
    }
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
        const bool bad = byte <= 0x20 || byte >= 0x7F || c == '#' || c == '{' || c == '}';
        result += bad ? fmt::format("%{:02X}", byte) : std::string(1, c);
    }
    return result;
}

bool is_engine_header(std::string_view name) {
    constexpr std::array<std::string_view, 8> kNames{
        "content-length",   "connection", "transfer-encoding", "keep-alive", "te", "expect",
        "proxy-connection", "trailer"};
    const std::string lower = lower_case(name);
    return name.empty() || name.front() == ':' ||
           std::find(kNames.begin(), kNames.end(), lower) != kNames.end();
}

bool has_header(const DraftStep& step, std::string_view name) {
    return std::any_of(step.headers.begin(), step.headers.end(), [&](const auto& header) {
        return lower_case(header.first) == lower_case(name);
    });
}

HeaderFate add_header(DraftStep& step, Secrets& secrets, std::string_view name,
                      std::string_view value) {
    if (is_engine_header(name)) {
        return HeaderFate::Engine;
    }
    if (!is_header_text(name, value)) {
        return HeaderFate::NoText;
    }
    const auto same = std::find_if(
        step.headers.begin(), step.headers.end(),
        [&](const auto& header) { return lower_case(header.first) == lower_case(name); });
    if (same == step.headers.end()) {
        step.headers.emplace_back(name, secrets.header(name, value));
        return HeaderFate::Taken;
    }
    if (lower_case(name) == "cookie") {  // RFC 6265, 5.4: one header
        same->second += "; " + secrets.header(name, value);
        return HeaderFate::Joined;
    }
    auto behind = same;
    while (behind != step.headers.end() && behind->first == same->first) {
        ++behind;
    }
    step.headers.emplace(behind, std::string(same->first), secrets.header(name, value));
    return HeaderFate::Taken;
}

void set_target(DraftStep& step, Secrets& secrets, std::string_view target) {
    step.path = secrets.path(clean_target(target));
    const std::string name = endpoint_name(step.path);
    step.name = name == step.path.substr(0, step.path.find('?')) ? "" : name;
}

void name_graphql(DraftStep& step) {
    constexpr std::size_t kLongest = 100;
    const std::string operation =
        step.body == DraftStep::Body::Json ? step.json.text_of("operationName") : "";
    if (!operation.empty() && step.json.has("query") && operation.size() < kLongest) {
        step.name = endpoint_name(step.path) + " " + operation;
    }
}

}  // namespace plimsoll::import
