#include "scenario/response.hpp"

#include "base/units.hpp"
#include "scenario/comparison.hpp"
#include "scenario/exact_json.hpp"
#include "scenario/json_path.hpp"
#include "scenario/regex.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {

namespace json = boost::json;

/// The body, parsed when first asked for. Small ones need no memory but this.
struct ResponseReader::Json {
    enum class State : std::uint8_t { Unread, Good, Bad };

    void forget() {
        value.reset();
        parser.forget();  // what a failed parse left there stands in the arena
        // A new one: release() alone keeps the block size, which doubles with each body that does
        // not fit into `memory`, until there is no such block.
        arena.emplace(memory.data(), memory.size());
        state = State::Unread;
    }

    const json::value* parse(std::string_view body) {
        if (state != State::Unread) {
            return state == State::Good ? &*value : nullptr;
        }
        state = State::Bad;
        json::error_code code;
        value.emplace(parser.parse(body, &*arena, code, bad_at));
        if (code) {
            error = code;
            return nullptr;
        }
        state = State::Good;
        return &*value;
    }

    static constexpr std::size_t kMaxDepth = 256;
    std::array<unsigned char, 16U << 10U> memory{};
    std::array<unsigned char, 4U << 10U> stack{};
    std::optional<json::monotonic_resource> arena{std::in_place, memory.data(), memory.size()};
    ExactJsonParser parser{stack.data(), stack.size(), kMaxDepth};
    std::optional<json::value> value;
    State state = State::Unread;
    json::error_code error;
    std::size_t bad_at = 0;
};

namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
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
            return trim(line.substr(colon + 1));
        }
    }
    return std::nullopt;
}

std::optional<std::string_view> cookie_in(std::string_view headers, std::string_view name) {
    std::optional<std::string_view> value;
    while (const auto set = next_header(headers, "set-cookie")) {
        const std::string_view pair = set->substr(0, set->find(';'));
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && trim(pair.substr(0, equals)) == name) {
            value = trim(pair.substr(equals + 1));  // the last one wins, as in a browser
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

// Cut so that a message stays one line of a log.
std::string shown(const Variable& value) {
    constexpr std::size_t kMost = 60;
    if (value.type == ValueType::Text) {
        return in_quotes(value.text);
    }
    return value.text.size() > kMost ? fmt::format("{:.{}}...", value.text, kMost) : value.text;
}

std::string_view type_name(const json::value& value) {
    if (is_json_number(value)) {
        return "a number";
    }
    switch (value.kind()) {
        case json::kind::null:
            return "null";
        case json::kind::bool_:
            return "a boolean";
        case json::kind::string:
            return "a string";
        case json::kind::array:
            return "an array";
        case json::kind::object:
            return "an object";
        default:
            return "a number";
    }
}

std::string_view type_name(ValueType type, bool array) {
    switch (type) {
        case ValueType::Null:
            return "null";
        case ValueType::Boolean:
            return "a boolean";
        case ValueType::Text:
            return "a string";
        case ValueType::Number:
            return "a number";
        case ValueType::Json:
        case ValueType::Unset:
            break;
    }
    return array ? "an array" : "an object";
}

bool has_type(const json::value& value, ValueType type, bool array) {
    switch (type) {
        case ValueType::Null:
            return value.is_null();
        case ValueType::Boolean:
            return value.is_bool();
        case ValueType::Text:
            return is_json_string(value);
        case ValueType::Number:
            return is_json_number(value);
        case ValueType::Json:
        case ValueType::Unset:
            break;
    }
    return array ? value.is_array() : value.is_object();
}

}  // namespace

ResponseReader::ResponseReader() : json_(std::make_unique<Json>()) {}
ResponseReader::~ResponseReader() = default;

void ResponseReader::reset(const ResponseView& view) {
    view_ = view;
    json_->forget();
}

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

namespace {

std::string selector_name(const Selector& selector) {
    switch (selector.kind()) {
        case Selector::Kind::JsonPointer:
        case Selector::Kind::JsonPath:
            return selector.text().empty() ? "the response's JSON" : selector.text();
        case Selector::Kind::Regex:
            return "what " + in_quotes(selector.text()) + " matches";
        case Selector::Kind::Header:
            return "the header " + selector.text();
        case Selector::Kind::Cookie:
            return "the cookie " + selector.text();
        case Selector::Kind::StatusCode:
            return "the status";
        case Selector::Kind::Body:
            break;
    }
    return "the body";
}

std::string json_fault(const ResponseReader::Json& json, std::string_view body) {
    return body.empty() ? std::string("the response has no body, let alone JSON")
                        : fmt::format("the body is not JSON: {} at byte {}", json.error.message(),
                                      json.bad_at);
}

}  // namespace

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

namespace {

// `found` against an operand of type `type` (Unset: of any).
bool is_equal(const Variable& found, std::string_view operand, ValueType type) {
    if (type != ValueType::Unset && found.type != type) {
        return false;
    }
    const bool numbers = found.type == ValueType::Number && json_type(operand) == ValueType::Number;
    return numbers ? compare_numbers(Check::Op::Equals, found.text, operand)
                   : found.text == operand;
}

bool compare(const Check& check, const Variable& found, std::string_view operand) {
    switch (check.op) {
        case Check::Op::Equals:
            return is_equal(found, operand, check.type);
        case Check::Op::NotEquals:
            return !is_equal(found, operand, check.type);
        case Check::Op::Contains:
            return found.text.find(operand) != std::string::npos;
        default:
            break;
    }
    return compare_values(check.op, found.text, operand);
}

std::string_view wanted(Check::Op op) {
    switch (op) {
        case Check::Op::Equals:
            return "should be";
        case Check::Op::NotEquals:
            return "should not be";
        case Check::Op::Less:
            return "should be below";
        case Check::Op::LessOrEqual:
            return "should be at most";
        case Check::Op::Greater:
            return "should be above";
        case Check::Op::GreaterOrEqual:
            return "should be at least";
        default:
            return "should contain";
    }
}

bool holds_size(const Check& check, const ResponseView& view, std::string& why) {
    const auto bytes = static_cast<double>(view.body_bytes);
    if (bytes >= check.low && bytes <= check.high) {
        return true;
    }
    why = fmt::format("the body has {} bytes, should have {}", view.body_bytes,
                      bytes < check.low ? fmt::format("at least {:.0f}", check.low)
                                        : fmt::format("at most {:.0f}", check.high));
    return false;
}

bool holds_time(const Check& check, const ResponseView& view, std::string& why) {
    if (static_cast<double>(view.service.count()) <= check.high) {
        return true;
    }
    why = fmt::format("took {}, should take at most {}", human_seconds(to_seconds(view.service)),
                      format_duration(Nanoseconds(static_cast<std::int64_t>(check.high))));
    return false;
}

// Reused by every check of the thread, so that none allocates.
struct Scratch {
    Variable found;
    std::string operand;
    std::string missing;
    std::string why;
};
Scratch& scratch() {
    thread_local Scratch mine;
    return mine;
}

bool holds_type(const Check& check, ResponseReader& response, std::string& why) {
    const json::value* const value = check.selector.find_json(response, why);
    if (value == nullptr) {
        return false;
    }
    if (has_type(*value, check.type, check.array)) {
        return true;
    }
    why = fmt::format("{} is {}, should be {}", selector_name(check.selector), type_name(*value),
                      type_name(check.type, check.array));
    return false;
}

bool holds_comparison(const Check& check, const RenderContext& context, const Variable& found,
                      std::string& why) {
    Scratch& mine = scratch();
    mine.operand.clear();
    mine.missing.clear();
    RenderContext told = context;
    told.missing = &mine.missing;
    if (!check.operand.render(told, mine.operand)) {
        why = fmt::format("no value for {}, which {} is compared with", mine.missing,
                          selector_name(check.selector));
        return false;
    }
    if (compare(check, found, mine.operand)) {
        return true;
    }
    const bool secret = check.operand.is_sensitive();
    const std::string operand = secret ? (check.written.empty() ? "***" : check.written)
                                : check.type == ValueType::Unset ? in_quotes(mine.operand)
                                : check.type == ValueType::Text  ? in_quotes(mine.operand)
                                                                 : mine.operand;
    why = fmt::format("{} is {}, {} {}", selector_name(check.selector), shown(found),
                      wanted(check.op), operand);
    return false;
}

}  // namespace

bool Check::holds(ResponseReader& response, const RenderContext& context, std::string& why) const {
    Scratch& mine = scratch();
    switch (op) {
        case Op::Size:
            return holds_size(*this, response.view(), why);
        case Op::Time:
            return holds_time(*this, response.view(), why);
        case Op::Type:
            return holds_type(*this, response, why);
        case Op::Exists:
            return selector.select(response, mine.found, why);
        case Op::Absent:
            if (!selector.select(response, mine.found, mine.why)) {
                return true;
            }
            why = fmt::format("{} is there, should not be", selector_name(selector));
            return false;
        default:
            break;
    }
    if (!selector.select(response, mine.found, why)) {
        return false;
    }
    if (op == Op::Matches) {
        if (pattern->matches(mine.found.text)) {
            return true;
        }
        why = fmt::format("{} does not match {}: {}", selector_name(selector),
                          in_quotes(pattern->text()), shown(mine.found));
        return false;
    }
    return holds_comparison(*this, context, mine.found, why);
}

bool Selector::matches(std::string_view text) const {
    return compiled_ && compiled_->regex && compiled_->regex->find(text).has_value();
}

}  // namespace plimsoll
