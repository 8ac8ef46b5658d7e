// A request's headers, and sets of statuses.
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// RFC 9110, section 5.6.2.
bool is_token(std::string_view name) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               kMarks.find(c) != std::string_view::npos;
    });
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

bool is_engines(std::string_view name) {
    constexpr std::array<std::string_view, 3> kNames{"content-length", "transfer-encoding",
                                                     "connection"};
    return std::any_of(kNames.begin(), kNames.end(),
                       [&](std::string_view engines) { return same_name(engines, name); });
}

std::optional<StatusRange> read_status(const Item& item) {
    constexpr std::string_view kWhat = "a status from 100 to 599, or a class such as 2xx";
    const auto text = item.text(kWhat);
    if (!text) {
        return std::nullopt;
    }
    const auto digit = [&](std::size_t at) { return (*text)[at] >= '0' && (*text)[at] <= '9'; };
    const bool shaped = text->size() == 3 && (*text)[0] >= '1' && (*text)[0] <= '5';
    const int hundreds = shaped ? ((*text)[0] - '0') * 100 : 0;
    if (shaped && same_name(std::string_view(*text).substr(1), "xx")) {
        return StatusRange{static_cast<std::uint16_t>(hundreds),
                           static_cast<std::uint16_t>(hundreds + 99)};
    }
    if (shaped && digit(1) && digit(2)) {
        const auto status =
            static_cast<std::uint16_t>(hundreds + ((*text)[1] - '0') * 10 + ((*text)[2] - '0'));
        return StatusRange{status, status};
    }
    item.fault(fmt::format("must be {}, got {}", kWhat, in_quotes(*text)));
    return std::nullopt;
}

}  // namespace

std::optional<Template> read_header_value(const Item& item, std::string_view what) {
    const auto value = item.text_template(what);
    if (!value) {
        return std::nullopt;
    }
    if (!is_header_text(value->literals())) {
        // Never with what it holds: it may be a credential.
        item.fault("must be one line without control characters",
                   value->is_sensitive() ? "look at what the environment or the file gives: a line "
                                           "break in it would begin another header"
                                         : "");
        return std::nullopt;
    }
    return value->encoded(Encoding::Header);
}

namespace {

void read_header(const std::string& name, const Item& value, std::vector<Secret>& secrets,
                 std::vector<Header>& headers) {
    if (!value.is_scalar()) {
        value.wrong_type("text");
        return;
    }
    if (is_secret_header(name)) {
        secrets.push_back({Secret::Kind::Value, value.shared_node()});
    }
    if (auto compiled = read_header_value(value)) {
        headers.push_back({name, *std::move(compiled)});
    }
}

}  // namespace

std::vector<Header> read_headers(const Item& item, std::vector<Secret>& secrets) {
    std::vector<Header> headers;
    if (!item.is_map()) {
        // Never with what was written: it may be a credential.
        item.fault("must be a map of header names to values", "e.g. headers: {Accept: text/html}");
        return headers;
    }
    for (const Item::Named& entry : item.named()) {
        const auto& [name, value] = entry;
        if (!is_token(name)) {
            value.fault("is not a header name; use letters, digits and -");
            continue;
        }
        if (is_engines(name)) {
            value.fault("is set by Plimsoll itself; leave it out");
            continue;
        }
        if (value.node().kind == YamlNode::Kind::Null) {
            continue;  // leaves a default of that name out
        }
        if (value.is_list() && same_name(name, "host")) {
            value.fault("must be one value: a request has one Host");
            continue;
        }
        const auto values =
            value.is_list() ? value.list("values", "e.g. X-Tag: [a, b]") : std::vector<Item>{value};
        for (const Item& one : values) {
            read_header(name, one, secrets, headers);
        }
    }
    return headers;
}

std::vector<StatusRange> read_statuses(const Item& item) {
    std::vector<StatusRange> ranges;
    const auto accepted = item.is_list() ? item.list("accepted statuses", "e.g. status: [200, 404]")
                                         : std::vector<Item>{item};
    for (const Item& one : accepted) {
        if (const auto range = read_status(one)) {
            ranges.push_back(*range);
        }
    }
    return ranges;
}

}  // namespace plimsoll
