// Members and items.

// Members, items, and names that take values.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

Value response_member(const Value& response, const std::string& name) {
    const auto at = [&](From from) { return Value::captured(response.request, from, ""); };
    if (name == "status" || name == "status_code") {
        return at(From::Status);
    }
    if (name == "body" || name == "text" || name == "content") {
        return at(From::Body);
    }
    if (name == "headers") {
        return at(From::Header);
    }
    if (name == "cookies") {
        return at(From::Cookie);
    }
    if (name == "js") {  // of Locust's FastHttpUser
        return at(From::Json);
    }
    if (name == "timings" || name == "elapsed") {
        return at(From::Duration);
    }
    if (name == "ok") {
        return Value::condition({at(From::Status), "<", Value::of(400)});
    }
    Value method = Value::builtin("response." + name);
    method.self = std::make_shared<Value>(response);
    return method;
}

Value captured_member(const Value& object, const std::string& name, const Node& at) {
    Value inner = object;
    inner.name.clear();
    switch (object.from) {
        case From::Json:
            if (name == "length") {
                inner.from = From::Length;
                return inner;
            }
            inner.path += pointer_key(name);
            return inner;
        case From::Header:
        case From::Cookie:
            if (inner.path.empty()) {
                inner.path = name;
                return inner;
            }
            return name == "value" || name == "length" ? inner : Value::unknown(name);
        case From::Duration:
            return name == "duration" || name == "waiting" ? inner : Value::unknown(name);
        case From::Body:
            if (name == "length") {
                inner.from = From::BodyLength;
                return inner;
            }
            break;
        default:
            break;
    }
    return Value::unknown(Interpreter::words(std::make_shared<Node>(at)));
}

}  // namespace

Value Interpreter::member(const Value& object, const std::string& name, const Node& at) {
    switch (object.type) {
        case Type::Map: {
            if (const Value* const found = object.member(name)) {
                return *found;
            }
            return object.name.empty() ? Value{} : Value::unknown(object.name + "." + name);
        }
        case Type::Response:
            return response_member(object, name);
        case Type::Captured:
            return captured_member(object, name, at);
        case Type::Row: {
            Value field = object;
            if (!object.flag) {
                return name == "length" && object.number > 0 ? Value::of(object.number)
                                                             : Value::unknown(name);
            }
            const bool word = std::all_of(name.begin(), name.end(), [](unsigned char c) {
                return c < 0x80 && (std::isalnum(c) != 0 || c == '_');
            });
            field.path = word ? object.name + "." + name
                              : fmt::format("{}[{}]", object.name, in_expression(name));
            return field;
        }
        case Type::List:
            return name == "length" ? Value::of(static_cast<double>(object.list->size()))
                                    : Value::unknown(words(std::make_shared<Node>(at)));
        case Type::Text:
            if (name == "length") {
                const auto text = object.literal();
                const std::string inner = expression_of(object);
                return text            ? Value::of(static_cast<double>(text->size()))
                       : inner.empty() ? Value::unknown("a length")
                                       : Value::expression("length(" + inner + ")", true);
            }
            break;
        case Type::Builtin: {
            if (auto made = builtin_member(object, name)) {
                return *std::move(made);
            }
            Value made = object;
            made.name += "." + name;
            made.function = nullptr;
            return made;
        }
        case Type::Unknown:
            return Value::unknown(object.name.starts_with("module ") ? object.name
                                                                     : object.name + "." + name);
        default:
            break;
    }
    return Value::unknown(words(std::make_shared<Node>(at)));
}

Value Interpreter::index(const Value& object, const Value& key, const Node& at) {
    if (object.is(Type::Row) && !object.flag) {
        Value row = object;
        row.flag = true;
        if (key.fresh || key.ranged || key.is(Type::Uniform)) {
            for (auto& [name, source] : plan_.data) {
                if (name == object.name && source.entries.size() < 2) {
                    source.add("pick", Yaml::plain("random"));
                }
            }
        }
        return row;
    }
    const auto number = key.as_number();
    if (object.is(Type::List)) {
        const auto size = static_cast<double>(object.list->size());
        if (number) {
            const double place = python_ && *number < 0 ? size + *number : *number;
            const bool there = place >= 0 && place < size && std::floor(place) == place;
            return there ? (*object.list)[static_cast<std::size_t>(place)] : Value{};
        }
        if (key.ranged && key.number == 0 && key.high == size - 1) {
            return random_item(object, at);
        }
        if (const std::string place = key.fresh ? "" : expression_of(key); !place.empty()) {
            return item_at(*object.list, place, at);
        }
        return Value::unknown(words(std::make_shared<Node>(at)));
    }
    if (object.is(Type::Captured) && number && object.from == From::Cookie) {
        return object;
    }
    const bool captured_item = object.is(Type::Captured) && object.from == From::Json && number;
    if (captured_item && (*number >= 0 || !python_)) {
        Value item = object;
        item.name.clear();
        item.path += "/" + number_text(*number);
        return item;
    }
    if (const auto name = key.plain(); name && !object.is(Type::Text)) {
        if (key.is(Type::Text) && !key.literal()) {
            plan_.note(at.line, fmt::format("{} is read as its default", words(at.child(1))));
        }
        return member(object, *name, at);
    }
    return Value::unknown(words(std::make_shared<Node>(at)));
}

// Items by a place that only a run knows: variables are set by comparing it.
Value Interpreter::item_at(const List& items, const std::string& place, const Node& at) {
    constexpr std::size_t kMost = 50;
    const Value none = Value::unknown(words(std::make_shared<Node>(at)));
    if (items.empty() || items.size() > kMost || out_ == nullptr) {
        return none;
    }
    const bool maps = items.front().is(Type::Map);
    Map members;
    if (maps) {
        for (const auto& [key, value] : *items.front().map) {
            members.emplace_back(key, Value::expression(free_name(key), value.is(Type::Number)));
        }
    } else {
        members.emplace_back("item",
                             Value::expression(free_name("item"), items.front().is(Type::Number)));
    }
    Steps steps;
    for (std::size_t n = 0; n < items.size(); ++n) {
        auto step = std::make_shared<Step>();
        step->kind = Step::Kind::If;
        step->line = at.line;
        step->text = fmt::format("${{{}}} == {}", place, n);
        auto set = set_of(items[n], members, at.line);
        if (!set) {
            return none;
        }
        step->branches.push_back({std::move(set)});
        steps.push_back(std::move(step));
    }
    for (auto& step : steps) {
        emit(std::move(step));
    }
    return maps ? Value::map_of(std::move(members)) : members.front().second;
}

// Sets `members`' variables to the item's values; nullptr where they are no plain values.
std::shared_ptr<Step> Interpreter::set_of(const Value& item, const Map& members, int line) {
    auto set = std::make_shared<Step>();
    set->kind = Step::Kind::Set;
    set->line = line;
    for (const auto& [key, variable] : members) {
        const Value* const value = item.is(Type::Map) ? item.member(key) : &item;
        const bool plain = value != nullptr && (value->is(Type::Text) || value->is(Type::Number) ||
                                                value->is(Type::Bool));
        if (!plain) {
            return nullptr;
        }
        const auto text = value->literal();
        set->values.emplace_back(
            variable.inner(),
            Yaml::quoted(text ? plan_.secrets.field(key, *text) : text_of(*value, key, line)));
    }
    return set;
}

Value Interpreter::random_item(const Value& list, const Node& at) {
    constexpr std::size_t kMost = 100;
    const List items = list.is(Type::List) ? *list.list : List{};
    const std::string name = words(std::make_shared<Node>(at));
    if (items.empty() || items.size() > kMost) {
        return Value::unknown(name);
    }
    if (items.size() == 1) {
        return items.front();
    }
    const bool scalars = std::all_of(items.begin(), items.end(), [](const Value& item) {
        return item.is(Type::Number) || item.literal();
    });
    if (scalars) {
        std::string all;
        bool numbers = true;
        for (const Value& item : items) {
            numbers = numbers && item.is(Type::Number);
            all +=
                (all.empty() ? "" : ", ") +
                (item.is(Type::Number) ? number_text(item.number) : in_expression(*item.literal()));
        }
        return Value::expression("random_choice(" + all + ")", numbers, true);
    }
    // One set of variables for each: their members belong together.
    const bool maps = std::all_of(items.begin(), items.end(), [&](const Value& item) {
        return item.is(Type::Map) && item.map->size() == items.front().map->size();
    });
    if (!maps || out_ == nullptr) {
        return Value::unknown(name);
    }
    Map members;
    for (const auto& [key, value] : *items.front().map) {
        members.emplace_back(key, Value::expression(free_name(key), value.is(Type::Number)));
    }
    auto step = std::make_shared<Step>();
    step->kind = Step::Kind::Weighted;
    step->line = at.line;
    for (const Value& item : items) {
        auto set = set_of(item, members, at.line);
        if (!set) {
            return Value::unknown(name);
        }
        step->weights.push_back(1);
        step->branches.push_back({std::move(set)});
    }
    emit(std::move(step));
    return Value::map_of(std::move(members));
}

}  // namespace plimsoll::import::script
