// What a value of a response must be: the conditions of expect and until.
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Wanted = ExpectDraft::Wanted;

struct TypeWord {
    std::string_view word;
    ValueType type;
    bool array;
    std::string_view shown;
};
constexpr std::array kTypes{TypeWord{"array", ValueType::Json, true, "an array"},
                            TypeWord{"object", ValueType::Json, false, "an object"},
                            TypeWord{"string", ValueType::Text, false, "a string"},
                            TypeWord{"number", ValueType::Number, false, "a number"},
                            TypeWord{"boolean", ValueType::Boolean, false, "a boolean"}};

/// Where the values of one group of conditions come from.
struct Source {
    Selector selector;
    std::string name;   // "/items", "header Location", "body"
    bool json = false;  // its values have types
};

Wanted draft(const Source& source, Check::Op op, std::string what) {
    Wanted wanted;
    wanted.what = fmt::format("{} {}", source.name, what);
    wanted.check.selector = source.selector;
    wanted.check.op = op;
    return wanted;
}

void want_type(const Item& item, const Source& source, const TypeWord& type,
               std::vector<Wanted>& wanted) {
    if (!source.json) {
        item.fault("only a value in JSON has a type");
        return;
    }
    Wanted one = draft(source, Check::Op::Type, fmt::format("is {}", type.shown));
    one.check.type = type.type;
    one.check.array = type.array;
    wanted.push_back(std::move(one));
}

// `item` is what the value is compared with.
void want_comparison(const Item& item, const Source& source, Check::Op op, std::string_view verb,
                     std::vector<Wanted>& wanted) {
    const bool nothing = item.node().kind == YamlNode::Kind::Null;
    const auto operand =
        nothing ? std::optional(Template::literal("null")) : item.text_template("a value");
    if (!operand) {
        return;
    }
    const bool equality = op == Check::Op::Equals || op == Check::Op::NotEquals;
    const std::string shown = nothing              ? std::string("null")
                              : item.node().quoted ? in_quotes(item.node().text)
                                                   : in_quotes(item.node().text).substr(1);
    Wanted one = draft(source, op, "");
    one.check.operand = *operand;
    one.check.written = nothing || !item.node().quoted
                            ? (nothing ? shown : shown.substr(0, shown.size() - 1))
                            : shown;
    one.what = fmt::format("{} {} {}", source.name, verb, one.check.written);
    if (equality && source.json && operand->is_constant() && !operand->is_sensitive()) {
        one.check.type = nothing              ? ValueType::Null
                         : item.node().quoted ? ValueType::Text
                                              : json_type(operand->text());
    }
    const bool ordered = !equality && op != Check::Op::Contains;
    if (ordered && operand->is_constant() && json_type(operand->text()) != ValueType::Number) {
        item.fault(fmt::format("must be a number, got {}", in_quotes(item.node().text)));
        return;
    }
    wanted.push_back(std::move(one));
}

void want_match(const Item& item, const Source& source, std::vector<Wanted>& wanted) {
    const auto text = item.text("a regular expression");
    auto pattern = text ? compile_selector(item, Selector::Kind::Regex, *text) : std::nullopt;
    if (!pattern) {
        return;
    }
    Wanted one = draft(source, Check::Op::Matches, fmt::format("matches {}", in_quotes(*text)));
    one.check.pattern = std::make_shared<const Selector>(*std::move(pattern));
    wanted.push_back(std::move(one));
}

void want_each(const Item& item, const Source& source, std::vector<Wanted>& wanted) {
    constexpr std::array<std::string_view, 10> kKeys{"type",     "equals", "not",     "above",
                                                     "at_least", "below",  "at_most", "matches",
                                                     "contains", "exists"};
    struct Comparison {
        std::string_view key;
        Check::Op op;
        std::string_view verb;
    };
    constexpr std::array kComparisons{
        Comparison{"equals", Check::Op::Equals, "is"},
        Comparison{"not", Check::Op::NotEquals, "is not"},
        Comparison{"above", Check::Op::Greater, "is above"},
        Comparison{"at_least", Check::Op::GreaterOrEqual, "is at least"},
        Comparison{"below", Check::Op::Less, "is below"},
        Comparison{"at_most", Check::Op::LessOrEqual, "is at most"},
        Comparison{"contains", Check::Op::Contains, "contains"}};
    const Fields fields(item, {kKeys});
    if (item.named().empty()) {
        item.fault(fmt::format("must say what the value must be, by {}", any_of(kKeys)));
    }
    if (const auto type = fields.get("type")) {
        std::array<std::string_view, kTypes.size()> words;
        std::transform(kTypes.begin(), kTypes.end(), words.begin(),
                       [](const TypeWord& each) { return each.word; });
        if (const auto index = type->choice(words)) {
            want_type(*type, source, kTypes[*index], wanted);
        }
    }
    for (const Comparison& comparison : kComparisons) {
        if (const auto operand = fields.get(comparison.key)) {
            want_comparison(*operand, source, comparison.op, comparison.verb, wanted);
        }
    }
    if (const auto pattern = fields.get("matches")) {
        want_match(*pattern, source, wanted);
    }
    if (const auto exists = fields.get("exists")) {
        if (const auto there = exists->boolean()) {
            wanted.push_back(*there ? draft(source, Check::Op::Exists, "is there")
                                    : draft(source, Check::Op::Absent, "is not there"));
        }
    }
}

void want_value(const Item& item, const Source& source, std::vector<Wanted>& wanted) {
    if (item.is_map()) {
        want_each(item, source, wanted);
        return;
    }
    if (item.is_list()) {
        item.wrong_type("a value, a type or a map",
                        "e.g. {/status: running, /items: array, /n: {at_least: 1}}");
        return;
    }
    const auto* const type = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeWord& each) {
        return each.word == item.node().text;
    });
    if (source.json && item.is_scalar() && !item.node().quoted && type != kTypes.end()) {
        want_type(item, source, *type, wanted);
        return;
    }
    want_comparison(item, source, Check::Op::Equals, "is", wanted);
}

void want_json(const Item& item, std::vector<Wanted>& wanted) {
    if (!item.require_map("a map of JSON pointers or JSONPaths to values",
                          "e.g. json: {/status: running, /items: array}")) {
        return;
    }
    for (const Item::Named& entry : item.named()) {
        const bool path = entry.name.starts_with('$');
        auto selector = compile_selector(
            entry.item.at_key(), path ? Selector::Kind::JsonPath : Selector::Kind::JsonPointer,
            entry.name);
        if (selector) {
            want_value(entry.item,
                       {*std::move(selector), entry.name.empty() ? "the JSON" : entry.name, true},
                       wanted);
        }
    }
}

void want_headers(const Item& item, std::vector<Wanted>& wanted) {
    if (!item.require_map("a map of header names to values",
                          "e.g. headers: {Content-Type: application/json}")) {
        return;
    }
    for (const Item::Named& entry : item.named()) {
        if (auto selector =
                compile_selector(entry.item.at_key(), Selector::Kind::Header, entry.name)) {
            want_value(entry.item, {*std::move(selector), "header " + entry.name, false}, wanted);
        }
    }
}

void want_body(const Item& item, std::vector<Wanted>& wanted) {
    if (!item.require_map("a map with matches or contains", "e.g. body: {contains: welcome}")) {
        return;
    }
    want_each(item, {*Selector::compile(Selector::Kind::Body, ""), "body", false}, wanted);
}

void want_size(const Item& item, std::vector<Wanted>& wanted) {
    constexpr std::array<std::string_view, 2> kKeys{"at_least", "at_most"};
    Wanted one;
    one.check.op = Check::Op::Size;
    one.check.high = std::numeric_limits<double>::max();
    if (!item.is_map()) {
        const auto exact = item.bytes();
        if (exact) {
            one.check.low = one.check.high = static_cast<double>(*exact);
            one.what = fmt::format("body has {} bytes", *exact);
            wanted.push_back(std::move(one));
        }
        return;
    }
    const Fields fields(item, {kKeys});
    const auto least = fields.get("at_least");
    const auto most = fields.get("at_most");
    if (!least && !most && !fields.has_unknown()) {
        item.fault("must have at_least or at_most", "e.g. size: {at_least: 1kB}");
    }
    one.what = "body has";
    if (const auto bytes = least ? least->bytes() : std::nullopt) {
        one.check.low = static_cast<double>(*bytes);
        one.what += fmt::format(" at least {}", *bytes);
    }
    if (const auto bytes = most ? most->bytes() : std::nullopt) {
        one.check.high = static_cast<double>(*bytes);
        one.what += fmt::format(" at most {}", *bytes);
    }
    if (one.check.low > one.check.high) {
        item.fault("at_least must not be above at_most");
    }
    one.what += " bytes";
    wanted.push_back(std::move(one));
}

}  // namespace

std::optional<Selector> compile_selector(const Item& item, Selector::Kind kind,
                                         std::string_view text) {
    auto selector = Selector::compile(kind, text);
    if (!selector) {
        item.fault(selector.error());
        return std::nullopt;
    }
    return *std::move(selector);
}

void read_conditions(const Fields& fields, std::vector<Wanted>& wanted) {
    if (const auto json = fields.get("json")) {
        want_json(*json, wanted);
    }
    if (const auto headers = fields.get("headers")) {
        want_headers(*headers, wanted);
    }
    if (const auto body = fields.get("body")) {
        want_body(*body, wanted);
    }
    if (const auto size = fields.get("size")) {
        want_size(*size, wanted);
    }
}

void read_status_condition(const Item& item, std::vector<Wanted>& wanted) {
    if (item.is_list()) {
        item.wrong_type("one status or class", "list what else may come under expect");
        return;
    }
    const Source source{*Selector::compile(Selector::Kind::StatusCode, ""), "status", false};
    for (const StatusRange& range : read_statuses(item)) {
        const auto add = [&](Check::Op op, std::uint16_t status) {
            Wanted one = draft(source, op, "");
            one.check.operand = Template::literal(std::to_string(status));
            wanted.push_back(std::move(one));
        };
        add(Check::Op::GreaterOrEqual, range.low);
        add(Check::Op::LessOrEqual, range.high);
    }
}

}  // namespace plimsoll
