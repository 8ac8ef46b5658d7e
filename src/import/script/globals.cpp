// Functions that both languages bring along: JSON, Math, numbers, texts, time.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

Value json_text(const Value& value) {
    Value made = Value::builtin("json text");  // what a body is made of
    made.self = std::make_shared<Value>(value);
    return made;
}

// Whole numbers of a range: Math.floor(Math.random() * 10) is 0 to 9.
Value whole(const Value& random, const std::string& how) {
    const double low = how == "ceil" ? std::floor(random.number) + 1 : std::floor(random.number);
    const double high = how == "ceil"    ? std::ceil(random.high)
                        : how == "round" ? std::round(random.high)
                                         : std::ceil(random.high) - 1;
    if (std::fabs(low) > 1e15 || std::fabs(high) > 1e15) {
        return Value::unknown("a random number");
    }
    Value made = Value::expression(
        fmt::format("random_int({}, {})", number_text(low), number_text(std::max(low, high))), true,
        true);
    made.ranged = true;
    made.number = low;
    made.high = std::max(low, high);
    return made;
}

}  // namespace

std::optional<Value> Interpreter::math(Call& call, const std::string& name) {
    if (name == "random") {
        Value made;
        made.type = Type::Uniform;
        made.high = 1;
        return made;
    }
    const Value& first = call.argument(0);
    const bool rounds = name == "floor" || name == "ceil" || name == "round" || name == "trunc";
    if (rounds && first.is(Type::Uniform)) {
        return whole(first, name);
    }
    const auto number = first.as_number();
    const bool known = number && first.is(Type::Number);
    if (rounds && known) {
        return Value::of(name == "floor"   ? std::floor(*number)
                         : name == "ceil"  ? std::ceil(*number)
                         : name == "trunc" ? std::trunc(*number)
                                           : std::floor(*number + 0.5));
    }
    if (rounds) {
        const std::string inner = expression_of(first);
        return inner.empty() ? Value::unknown("Math." + name)
                             : Value::expression(
                                   fmt::format("{}({})", name == "round" ? "round" : "int", inner),
                                   true, first.fresh);
    }
    if ((name == "min" || name == "max") && call.arguments.size() == 2) {
        const auto second = call.argument(1).as_number();
        if (known && second) {
            return Value::of(name == "min" ? std::min(*number, *second)
                                           : std::max(*number, *second));
        }
        const std::string a = expression_of(first);
        const std::string b = expression_of(call.argument(1));
        return a.empty() || b.empty()
                   ? Value::unknown("Math." + name)
                   : Value::expression(fmt::format("{}({}, {})", name, a, b), true);
    }
    if (name == "abs" && known) {
        return Value::of(std::fabs(*number));
    }
    if (name == "pow" && known && call.argument(1).is(Type::Number)) {
        return Value::of(std::pow(*number, call.argument(1).number));
    }
    if (name == "sin" || name == "cos") {
        return known ? Value::of(name == "sin" ? std::sin(*number) : std::cos(*number))
                     : Value::unknown(name);
    }
    if (name == "sqrt" && known && *number >= 0) {
        return Value::of(std::sqrt(*number));
    }
    return std::nullopt;
}

std::optional<Value> Interpreter::global(Call& call) {
    const std::string& name = call.name;
    const Value& first = call.argument(0);
    if (name.starts_with("Math.") || name.starts_with("math.")) {
        return math(call, name.substr(5));
    }
    if (name == "JSON.stringify" || name == "json.dumps") {
        const bool good = fits(first) && first.name != "json text";
        return good ? json_text(first) : Value::unknown("JSON");
    }
    if (name == "JSON.parse" || name == "json.loads") {
        if (first.is(Type::Captured) && first.from == From::Body) {
            return Value::captured(first.request, From::Json, "");
        }
        if (first.is(Type::Builtin) && first.name == "json text") {
            return *first.self;
        }
        if (first.is(Type::Row)) {
            return first;
        }
        const auto text = first.literal();
        auto value = text ? value_of_json(*text) : std::nullopt;
        return value ? *std::move(value) : Value::unknown(words(call.at->child(0)) + "()");
    }
    if (name == "parseInt" || name == "Number" || name == "parseFloat" || name == "int" ||
        name == "float" || name == "Number.parseInt") {
        if (first.is(Type::Uniform) && name != "Number" && name != "float") {
            return whole(first, "floor");
        }
        const auto number = first.fixed_number();
        if (!number) {
            return first;
        }
        const bool cuts = name == "parseInt" || name == "int" || name == "Number.parseInt";
        return Value::of(cuts ? std::trunc(*number) : *number);
    }
    if (name == "String" || name == "str") {
        Value text = first;
        text.flag = false;
        return first.is(Type::Number) ? Value::text(number_text(first.number))
               : first.is(Type::Text) || first.is(Type::Captured) || first.is(Type::Row)
                   ? text
                   : Value::unknown("a text");
    }
    if (name == "Object.keys" || name == "Object.values" || name == "Object.entries") {
        if (!first.is(Type::Map)) {
            return Value::unknown(name);
        }
        List items;
        for (const auto& [key, value] : *first.map) {
            items.push_back(name == "Object.keys"     ? Value::text(key)
                            : name == "Object.values" ? value
                                                      : Value::list_of({Value::text(key), value}));
        }
        return Value::list_of(std::move(items));
    }
    if (name == "Object.assign") {
        Value object = Value::map_of({});
        for (const Value& argument : call.arguments) {
            if (!argument.is(Type::Map)) {
                return Value::unknown(name);
            }
            for (const auto& [key, value] : Map(*argument.map)) {
                std::erase_if(*object.map, [&](const auto& one) { return one.first == key; });
                object.map->emplace_back(key, value);
            }
        }
        return object;
    }
    if (name == "Date.now") {
        return Value::expression("now('unix_ms')", true, true);
    }
    if (name == "encodeURIComponent" || name == "urllib.parse.quote") {
        const auto text = first.literal();
        const bool plain = text && std::all_of(text->begin(), text->end(), [](unsigned char c) {
                               return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_' ||
                                                   c == '.' || c == '~');
                           });
        const std::string inner = text ? in_expression(*text) : expression_of(first);
        return plain           ? first
               : inner.empty() ? Value::unknown(name)
                               : Value::expression("urlencode(" + inner + ")", false, first.fresh);
    }
    if (name == "len" && (first.is(Type::List) || first.is(Type::Text) || first.is(Type::Row) ||
                          first.is(Type::Captured))) {
        return member(first, "length", *call.at);
    }
    if (name == "range" && call.arguments.size() == 1) {
        Value range = Value::builtin("range");
        range.list = std::make_shared<List>(List{first});
        return range;
    }
    if (name == "range" && call.arguments.size() == 2 && first.is(Type::Number) &&
        call.argument(1).is(Type::Number)) {
        List numbers;
        for (double at = first.number; at < call.argument(1).number && numbers.size() < 1'000;
             ++at) {
            numbers.push_back(Value::of(at));
        }
        return Value::list_of(std::move(numbers));
    }
    if (name == "list" && first.is(Type::List)) {
        return first;
    }
    return std::nullopt;
}

}  // namespace plimsoll::import::script
