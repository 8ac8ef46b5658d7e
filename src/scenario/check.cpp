// Whether a response is what a check asks for.
#include "base/units.hpp"
#include "scenario/comparison.hpp"
#include "scenario/exact_json.hpp"
#include "scenario/response.hpp"
#include "scenario/wording.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

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

}  // namespace plimsoll
