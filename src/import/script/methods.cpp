// Methods of texts, lists and what a response gives.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to, bool all) {
    std::size_t at = from.empty() ? std::string::npos : text.find(from);
    while (at != std::string::npos) {
        text.replace(at, from.size(), to);
        at = all && text.size() < (1U << 20U) ? text.find(from, at + to.size()) : std::string::npos;
    }
    return text;
}

std::string cased(std::string text, bool up) {
    std::transform(text.begin(), text.end(), text.begin(), [up](unsigned char c) {
        return static_cast<char>(up ? std::toupper(c) : std::tolower(c));
    });
    return text;
}

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first == std::string::npos
               ? ""
               : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

List split(const std::string& text, const std::string& by) {
    List items;
    std::size_t at = 0;
    while (!by.empty() && items.size() < 10'000) {
        const std::size_t end = text.find(by, at);
        items.push_back(Value::text(text.substr(at, end - at)));
        if (end == std::string::npos) {
            return items;
        }
        at = end + by.size();
    }
    items.push_back(Value::text(text.substr(at)));
    return items;
}

}  // namespace

std::optional<Value> Interpreter::method(Call& call) {
    std::optional<Value> made;
    switch (call.self.type) {
        case Type::Text:
        case Type::Number:
            made = text_method(call, call.name);
            break;
        case Type::List:
        case Type::Map:
            made = list_method(call, call.name);
            break;
        case Type::Captured:
            made = captured_method(call, call.name);
            break;
        default:
            break;
    }
    return made;
}

std::optional<Value> Interpreter::text_method(Call& call, const std::string& name) {
    if (name == "toString" || name == "trim" || name == "strip" || name == "toFixed" ||
        name == "valueOf") {
        const auto text = call.self.plain();
        const bool fixed = name == "toFixed";
        return fixed && !call.self.is(Type::Number) ? Value::unknown("toFixed")
               : fixed                              ? Value::text(fmt::format(
                                                          "{:.{}f}", call.self.number,
                                                          static_cast<int>(std::clamp(call.argument(0).number, 0.0, 20.0))))
               : text && call.self.literal()        ? Value::text(trimmed(*text))
                                                    : call.self;
    }
    const auto text = call.self.literal();
    const bool up = name == "toUpperCase" || name == "upper";
    if (up || name == "toLowerCase" || name == "lower") {
        const std::string inner = text ? "" : expression_of(call.self);
        return text             ? Value::text(cased(*text, up))
               : !inner.empty() ? Value::expression((up ? "upper(" : "lower(") + inner + ")", false,
                                                    call.self.fresh)
                                : Value::unknown(name);
    }
    if (!text) {
        return std::nullopt;
    }
    const auto first = call.argument(0).plain();
    if ((name == "replace" || name == "replaceAll") && first) {
        const auto second = call.argument(1).plain();
        return second
                   ? Value::text(replaced(*text, *first, *second, python_ || name == "replaceAll"))
                   : Value::unknown(name);
    }
    if (name == "split") {
        return Value::list_of(split(*text, first.value_or("")));
    }
    if (first && (name == "includes" || name == "startsWith" || name == "endsWith" ||
                  name == "startswith" || name == "endswith")) {
        return Value::boolean(name == "includes"          ? text->find(*first) != std::string::npos
                              : name.starts_with("start") ? text->starts_with(*first)
                                                          : text->ends_with(*first));
    }
    if (name == "concat") {
        Value whole = call.self;
        for (const Value& argument : call.arguments) {
            whole = add(whole, argument, *call.at);
        }
        return whole;
    }
    if (name == "join" && call.argument(0).is(Type::List)) {  // Python's
        Value whole = Value::text("");
        for (const Value& item : *call.argument(0).list) {
            whole = whole.pieces.empty() && &item == &call.argument(0).list->front()
                        ? add(whole, item, *call.at)
                        : add(add(whole, call.self, *call.at), item, *call.at);
        }
        return whole;
    }
    if (name == "padStart" || name == "zfill") {
        const double width = call.argument(0).number;
        const std::string fill = name == "zfill" ? "0" : call.argument(1).plain().value_or(" ");
        std::string padded = *text;
        while (static_cast<double>(padded.size()) < std::min(width, 1000.0) && fill.size() == 1) {
            padded.insert(0, fill);
        }
        return Value::text(padded);
    }
    return std::nullopt;
}

Value Interpreter::each(Call& call, bool map) {
    constexpr std::size_t kMost = 200;
    const List items = *call.self.list;
    List made;
    if (items.size() > kMost && call.argument(0).function &&
        requests_in(*call.argument(0).function) > 0) {
        remark(call.at->line, fmt::format("only the first {} items are kept", kMost));
    }
    for (std::size_t at = 0; at < std::min(items.size(), kMost); ++at) {
        made.push_back(this->call(call.argument(0), {items[at], Value::of(static_cast<double>(at))},
                                  {}, *call.at, call.scope));
    }
    return map ? Value::list_of(std::move(made)) : Value{};
}

std::optional<Value> Interpreter::list_method(Call& call, const std::string& name) {
    if (call.self.is(Type::Map)) {
        if (name == "get" && call.self.name.empty()) {
            const auto key = call.argument(0).plain();
            const Value* const found = key ? call.self.member(*key) : nullptr;
            return found != nullptr ? *found : call.argument(1);
        }
        if (name == "update" && call.argument(0).is(Type::Map)) {
            for (const auto& [key, value] : Map(*call.argument(0).map)) {
                Value* const there = call.self.member(key);
                if (there != nullptr) {
                    *there = value;
                } else {
                    call.self.map->emplace_back(key, value);
                }
            }
            return Value{};
        }
        return std::nullopt;
    }
    List& items = *call.self.list;
    if (name == "push" || name == "append") {
        if (items.size() < 10'000) {
            items.push_back(call.argument(0));
        }
        return Value{};
    }
    if ((name == "forEach" || name == "map") && call.argument(0).is(Type::Function)) {
        return each(call, name == "map");
    }
    if (name == "join") {
        const Value by = call.arguments.empty() ? Value::text(",") : call.argument(0);
        Value whole = Value::text("");
        for (std::size_t at = 0; at < items.size(); ++at) {
            whole = add(at == 0 ? whole : add(whole, by, *call.at), items[at], *call.at);
        }
        return whole;
    }
    if (name == "concat" && call.argument(0).is(Type::List)) {
        return add(call.self, call.argument(0), *call.at);
    }
    if (name == "includes" || name == "indexOf") {
        const auto wanted = call.argument(0).plain();
        const auto found = std::find_if(items.begin(), items.end(), [&](const Value& item) {
            return wanted && item.plain() == wanted;
        });
        if (wanted) {
            return name == "includes" ? Value::boolean(found != items.end())
                                      : Value::of(found == items.end()
                                                      ? -1
                                                      : static_cast<double>(found - items.begin()));
        }
        return call.argument(0).is(Type::Captured)
                   ? Value::condition({call.argument(0), "in", call.self})
                   : Value::unknown(name);
    }
    if (name == "slice") {
        const auto from = call.argument(0).as_number();
        const auto to = call.argument(1).as_number();
        const double size = static_cast<double>(items.size());
        const double begin = std::clamp(from.value_or(0), 0.0, size);
        const double end = std::clamp(to.value_or(size), begin, size);
        return Value::list_of(List(items.begin() + static_cast<std::ptrdiff_t>(begin),
                                   items.begin() + static_cast<std::ptrdiff_t>(end)));
    }
    return std::nullopt;
}

std::optional<Value> Interpreter::captured_method(Call& call, const std::string& name) {
    const Value& self = call.self;
    const bool text = self.from == From::Body || self.from == From::Json ||
                      (self.from == From::Header && !self.path.empty());
    if ((name == "includes" || name == "contains") && text) {
        return Value::condition({self, "contains", call.argument(0)});
    }
    if (name == "indexOf" && text) {
        Value found = Value::condition({self, "contains", call.argument(0)});
        found.name = "indexOf";
        return found;
    }
    if ((name == "match" || name == "search") && call.argument(0).name == "regex") {
        return Value::condition({self, "matches", Value::text(call.argument(0).path)});
    }
    if (name == "get" &&
        (self.from == From::Json || self.from == From::Header || self.from == From::Cookie)) {
        return index(self, call.argument(0), *call.at);
    }
    if (name == "json" && self.from == From::Json) {
        return self;
    }
    if (name == "total_seconds") {
        Value seconds = self;
        seconds.flag = true;
        return seconds;
    }
    if (name == "toString" || name == "trim" || name == "strip") {
        return self;
    }
    return self.from == From::Json || self.from == From::Header
               ? std::optional(Value::unknown(words(call.at->child(0))))
               : std::nullopt;
}

}  // namespace plimsoll::import::script
