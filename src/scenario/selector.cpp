// Where in a response a value stands.
#include "scenario/exact_json.hpp"
#include "scenario/json_path.hpp"
#include "scenario/regex.hpp"
#include "scenario/response.hpp"
#include "scenario/response_json.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim_field(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    return text;
}

// The next header of this name; `rest` moves behind it.
std::optional<std::string_view> next_header(std::string_view& rest, std::string_view name) {
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && same_name(line.substr(0, colon), name)) {
            return trim_field(line.substr(colon + 1));
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> cookie_in(std::string_view headers, std::string_view name) {
    std::optional<std::string_view> value;
    while (const auto set = next_header(headers, "set-cookie")) {
        const std::string_view pair = set->substr(0, set->find(';'));
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && trim_field(pair.substr(0, equals)) == name) {
            value = trim_field(pair.substr(equals + 1));  // the last one wins, as in a browser
        }
    }
    return value;
}

template <typename T>
void set_number(T value, Variable& out) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.type = ValueType::Number;
    out.text.assign(digits.data(), end);
}

void set_text(std::string_view text, Variable& out) {
    out.type = ValueType::Text;
    out.text.assign(text);
}

void set_value(const json::value& value, Variable& out) {
    if (is_json_number(value)) {
        out.type = ValueType::Number;
        out.text.clear();
        append_json_number(value, out.text);
        return;
    }
    switch (value.kind()) {
        case json::kind::null:
            out.type = ValueType::Null;
            out.text.assign("null");
            return;
        case json::kind::bool_:
            out.type = ValueType::Boolean;
            out.text.assign(value.get_bool() ? "true" : "false");
            return;
        case json::kind::string:
            set_text(value.get_string(), out);
            return;
        default:
            out.type = ValueType::Json;
            out.text.clear();
            append_json(value, out.text);
            return;
    }
}

std::string json_fault(const ResponseReader::Json& json, std::string_view body) {
    return body.empty() ? std::string("the response has no body, let alone JSON")
                        : fmt::format("the body is not JSON: {} at byte {}", json.error.message(),
                                      json.bad_at);
}

}  // namespace

struct Selector::Compiled {
    std::optional<JsonPath> path;
    std::optional<Regex> regex;
};

Result<Selector> Selector::compile(Kind kind, std::string_view text) {
    Selector selector;
    selector.kind_ = kind;
    selector.text_ = text;
    auto compiled = std::make_shared<Compiled>();
    if (kind == Kind::JsonPointer || kind == Kind::JsonPath) {
        auto path = kind == Kind::JsonPointer ? JsonPath::pointer(text) : JsonPath::path(text);
        if (!path) {
            return path.error();
        }
        compiled->path = *std::move(path);
    } else if (kind == Kind::Regex) {
        auto regex = Regex::compile(text);
        if (!regex) {
            return regex.error();
        }
        compiled->regex = std::move(*regex);
    } else if ((kind == Kind::Header || kind == Kind::Cookie) && text.empty()) {
        return Error{"must name a header or cookie, got nothing"};
    }
    selector.compiled_ = std::move(compiled);
    return selector;
}

const boost::json::value* Selector::find_json(ResponseReader& response, std::string& why) const {
    const std::string_view body = response.view().body;
    const json::value* const root = response.json().parse(body);
    if (root == nullptr) {
        why = json_fault(response.json(), body);
        return nullptr;
    }
    const json::value* const value = compiled_->path->find(*root);
    if (value == nullptr) {
        why = fmt::format("no {} in the response's JSON", text_);
    }
    return value;
}

bool Selector::select(ResponseReader& response, Variable& out, std::string& why) const {
    const ResponseView& view = response.view();
    std::optional<std::string_view> found;
    switch (kind_) {
        case Kind::JsonPointer:
        case Kind::JsonPath: {
            const json::value* const value = find_json(response, why);
            if (value != nullptr) {
                set_value(*value, out);
            }
            return value != nullptr;
        }
        case Kind::StatusCode:
            set_number(view.status, out);
            return true;
        case Kind::Body:
            set_text(view.body, out);
            return true;
        case Kind::Regex:
            found = compiled_->regex->find(view.body);
            break;
        case Kind::Header: {
            std::string_view headers = view.header_block;
            found = next_header(headers, text_);
            break;
        }
        case Kind::Cookie:
            found = cookie_in(view.header_block, text_);
            break;
    }
    if (found) {
        set_text(*found, out);
        return true;
    }
    why = kind_ == Kind::Regex    ? fmt::format("{} matches nothing in the body", in_quotes(text_))
          : kind_ == Kind::Header ? fmt::format("the response has no header {}", text_)
                                  : fmt::format("the response sets no cookie {}", text_);
    return false;
}

bool Selector::matches(std::string_view text) const {
    return compiled_ && compiled_->regex && compiled_->regex->find(text).has_value();
}

}  // namespace plimsoll
