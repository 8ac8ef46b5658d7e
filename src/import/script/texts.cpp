// From values to what a scenario can say.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

std::string seconds_text(double seconds) {
    const double milliseconds = std::round(seconds * 1e6) / 1e3;
    return std::floor(seconds) == seconds ? fmt::format("{}s", number_text(seconds))
                                          : fmt::format("{}ms", number_text(milliseconds));
}

std::string words_of(const NodePtr& node, int depth) {
    if (!node || depth > 6) {
        return "...";
    }
    const auto inner = [&](std::size_t at) { return words_of(node->child(at), depth + 1); };
    switch (node->kind) {
        case Kind::Nothing:
        case Kind::Name:
            return node->text;
        case Kind::Number:
            return number_text(node->number);
        case Kind::Member:
            return inner(0) + "." + node->text;
        case Kind::Index:
            return inner(0) + "[" + inner(1) + "]";
        case Kind::Call:
        case Kind::New:
            return inner(0) + "()";
        case Kind::Unary:
            return node->text + (node->text.size() > 2 ? " " : "") + inner(0);
        case Kind::Binary:
            return inner(0) + " " + node->text + " " + inner(1);
        default:
            return "...";
    }
}

Value from_json(const boost::json::value& json) {
    if (const auto* const object = json.if_object()) {
        Map map;
        for (const auto& [key, value] : *object) {
            map.emplace_back(key, from_json(value));
        }
        return Value::map_of(std::move(map));
    }
    if (const auto* const array = json.if_array()) {
        List list;
        for (const auto& item : *array) {
            list.push_back(from_json(item));
        }
        return Value::list_of(std::move(list));
    }
    if (const auto* const text = json.if_string()) {
        return Value::text(std::string(*text));
    }
    if (json.is_number()) {
        return Value::of(json.to_number<double>());
    }
    if (json.is_bool()) {
        return Value::boolean(json.get_bool());
    }
    Value nothing;
    nothing.type = Type::Null;
    return nothing;
}

std::string source_of(const Value& value) {
    switch (value.from) {
        case From::Status:
            return "status";
        case From::Body:
            return "body";
        case From::Header:
            return Yaml::map({{"header", Yaml::quoted(value.path)}}, true).kind ==
                           Yaml::Kind::FlowMap
                       ? fmt::format("{{header: {}}}", Yaml::quoted(value.path).text)
                       : "";
        case From::Cookie:
            return fmt::format("{{cookie: {}}}", Yaml::quoted(value.path).text);
        case From::Json:
            return fmt::format("{{json: {}}}",
                               Yaml::quoted(value.path.empty() ? "$" : value.path).text);
        case From::Duration:
        case From::Length:
        case From::BodyLength:
            break;
    }
    return {};
}

}  // namespace

std::string Interpreter::words(const NodePtr& node) {
    constexpr std::size_t kLongest = 80;
    std::string text = words_of(node, 0);
    return text.size() > kLongest ? text.substr(0, kLongest) + "..." : text;
}

std::string pointer_key(std::string_view key) {
    std::string result = "/";
    for (const char c : key) {
        result += c == '~' ? std::string("~0") : c == '/' ? "~1" : std::string(1, c);
    }
    return result;
}

std::string environment_name(std::string_view words) {
    constexpr std::size_t kLongest = 40;
    std::string name;
    bool small = false;
    for (const char c : words) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 || std::isalnum(byte) == 0) {
            name += name.empty() || name.back() == '_' ? "" : "_";
            small = false;
            continue;
        }
        name += small && std::isupper(byte) != 0 ? "_" : "";
        small = std::islower(byte) != 0;
        name += static_cast<char>(std::toupper(byte));
    }
    name = name.substr(0, kLongest);
    while (name.ends_with('_')) {
        name.pop_back();
    }
    const bool bad = name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0;
    return bad ? "VALUE" + (name.empty() ? name : "_" + name) : name;
}

std::optional<Value> value_of_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 100;
    boost::system::error_code failed;
    const boost::json::value json = boost::json::parse(text, failed, {}, options);
    return failed ? std::nullopt : std::optional(from_json(json));
}

std::string Interpreter::free_name(std::string_view wanted) {
    constexpr std::array<std::string_view, 7> kTaken{"user", "iteration", "executor", "scenario",
                                                     "env",  "secret",    "not"};
    std::string base;
    for (const char c : wanted) {
        const auto byte = static_cast<unsigned char>(c);
        base += byte < 0x80 && (std::isalnum(byte) != 0 || c == '_') ? c : '_';
    }
    base = base.substr(0, 40);
    if (base.empty() || std::isdigit(static_cast<unsigned char>(base.front())) != 0) {
        base = "value_" + base;
    }
    const auto taken = [&](const std::string& name) {
        return names_.contains(name) ||
               std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end() ||
               std::any_of(plan_.data.begin(), plan_.data.end(),
                           [&](const auto& source) { return source.first == name; });
    };
    std::string name = base;
    for (int number = 2; taken(name); ++number) {
        name = fmt::format("{}_{}", base, number);
    }
    names_.insert(name);
    return name;
}

std::string Interpreter::variable_of(const Value& captured) {
    const std::string source = source_of(captured);
    if (source.empty() || !captured.request) {
        return {};
    }
    for (const auto& [variable, known] : captured.request->captures) {
        if (known == source) {
            return variable;
        }
    }
    std::string wanted = captured.name;
    if (wanted.empty()) {
        const std::string last = captured.path.substr(captured.path.rfind('/') + 1);
        wanted = captured.from == From::Status ? "status"
                 : captured.from == From::Body ? "body"
                 : last.empty()                ? "value"
                                               : last;
    }
    const std::string variable = free_name(wanted);
    captured.request->captures.emplace_back(variable, source);
    return variable;
}

std::string Interpreter::expression_of(const Value& value) {
    switch (value.type) {
        case Type::Number:
            return value.number < 0 ? fmt::format("({})", number_text(value.number))
                                    : number_text(value.number);
        case Type::Captured:
            return variable_of(value);
        case Type::Row:
            return value.path;
        case Type::Uniform:
            return fmt::format("random_int({}, {}) / 1000000",
                               number_text(std::floor(value.number * 1e6)),
                               number_text(std::ceil(value.high * 1e6) - 1));
        case Type::Text: {
            const std::string inner = value.inner();
            if (inner.starts_with("env.")) {
                plan_.environment.insert(inner.substr(4));
            }
            return inner;
        }
        default:
            return {};
    }
}

Pieces Interpreter::pieces_of(const Value& value, std::string_view hint, int line) {
    const auto literal = [](std::string text) {
        return Pieces{{Piece::Kind::Literal, std::move(text), {}}};
    };
    switch (value.type) {
        case Type::Text:
            for (const Piece& piece : value.pieces) {
                if (piece.kind == Piece::Kind::Environment && !piece.fallback) {
                    plan_.environment.insert(piece.text);
                }
            }
            return value.pieces;
        case Type::Number:
            return literal(number_text(value.number));
        case Type::Bool:
            return literal(python_ ? (value.flag ? "True" : "False")
                                   : (value.flag ? "true" : "false"));
        case Type::Null:
            return literal(python_ ? "None" : "null");
        case Type::Undefined:
            return literal("undefined");
        default:
            break;
    }
    if (const std::string inner = expression_of(value); !inner.empty()) {
        return {{Piece::Kind::Expression, inner, {}}};
    }
    const std::string what = value.is(Type::Unknown) ? value.name : std::string(hint);
    const std::string name = environment_name(what.empty() || what == "..." ? hint : what);
    plan_.environment.insert(name);
    plan_.note(line, fmt::format("{} is not known before it runs: set {}",
                                 what.empty() ? "a value" : what, name));
    return {{Piece::Kind::Environment, name, {}}};
}

std::string Interpreter::text_of(const Value& value, std::string_view hint, int line) {
    return written(pieces_of(value, hint, line));
}

std::optional<Yaml> Interpreter::seconds(const Value& value, double scale) {
    constexpr double kLongest = 86'400.0 * 365;
    const auto good = [](double number) { return number >= 0 && number <= kLongest; };
    const bool range = value.is(Type::Uniform) || value.ranged;
    const double low = value.number * scale;
    const double high = value.high * scale;
    if (range && good(low) && good(high) && low <= high) {
        return Yaml::map(
            {{"uniform",
              Yaml::list({Yaml::plain(seconds_text(low)), Yaml::plain(seconds_text(high))}, true)}},
            true);
    }
    const auto number = value.as_number();
    return number && good(*number * scale)
               ? std::optional(Yaml::plain(seconds_text(*number * scale)))
               : std::nullopt;
}

void Interpreter::think(const Value& value, int line) {
    const auto time = seconds(value);
    if (!time) {
        remark(line, "left out: a pause whose length is not known before it runs");
        return;
    }
    if (time->kind == Yaml::Kind::Scalar && time->text == "0s") {
        return;
    }
    auto step = std::make_shared<Step>();
    step->kind = Step::Kind::Think;
    step->line = line;
    step->values.emplace_back("think", *time);
    emit(std::move(step));
}

Yaml json_yaml(Interpreter& interpreter, const Value& value, std::string_view name, int line) {
    switch (value.type) {
        case Type::Undefined:
        case Type::Null:
            return Yaml::plain("null");
        case Type::Bool:
            return Yaml::plain(value.flag ? "true" : "false");
        case Type::Number:
            return Yaml::plain(number_text(value.number));
        case Type::List: {
            Yaml list = Yaml::list();
            for (const Value& item : *value.list) {
                list.add(json_yaml(interpreter, item, name, line));
            }
            return list;
        }
        case Type::Map: {
            Yaml map = Yaml::map();
            for (const auto& [key, member] : *value.map) {
                if (!member.is(Type::Undefined) && !member.is(Type::Function)) {
                    map.add(as_literal(key), json_yaml(interpreter, member, key, line));
                }
            }
            return map;
        }
        case Type::Captured:
            if (const std::string inner = interpreter.expression_of(value); !inner.empty()) {
                return Yaml::expression(inner);
            }
            break;
        case Type::Uniform:
            return Yaml::expression(interpreter.expression_of(value));
        case Type::Text:
            if (value.flag && !value.inner().empty()) {
                return Yaml::expression(interpreter.expression_of(value));
            }
            if (const auto text = value.literal(); text && is_secret_name(name)) {
                return Yaml::quoted(interpreter.plan().secrets.field(name, *text));
            }
            break;
        default:
            break;
    }
    return Yaml::quoted(interpreter.text_of(value, name, line));
}

}  // namespace plimsoll::import::script
