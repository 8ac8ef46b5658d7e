#include "import/script/value.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll::import::script {

namespace {

Value make(Type type) {
    Value value;
    value.type = type;
    return value;
}

}  // namespace

Value Value::boolean(bool value) {
    Value made = make(Type::Bool);
    made.flag = value;
    return made;
}

Value Value::of(double number) {
    Value made = make(Type::Number);
    made.number = number;
    return made;
}

Value Value::text(std::string literal) {
    Value made = make(Type::Text);
    if (!literal.empty()) {
        made.pieces.push_back({Piece::Kind::Literal, std::move(literal), {}});
    }
    return made;
}

Value Value::expression(std::string inner, bool number, bool fresh) {
    Value made = make(Type::Text);
    made.pieces.push_back({Piece::Kind::Expression, std::move(inner), {}});
    made.flag = number;
    made.fresh = fresh;
    return made;
}

Value Value::environment(std::string name, std::optional<std::string> fallback) {
    Value made = make(Type::Text);
    made.pieces.push_back({Piece::Kind::Environment, std::move(name), std::move(fallback)});
    return made;
}

Value Value::list_of(script::List items) {
    Value made = make(Type::List);
    made.list = std::make_shared<script::List>(std::move(items));
    return made;
}

Value Value::map_of(script::Map entries) {
    Value made = make(Type::Map);
    made.map = std::make_shared<script::Map>(std::move(entries));
    return made;
}

Value Value::builtin(std::string name) {
    Value made = make(Type::Builtin);
    made.name = std::move(name);
    return made;
}

Value Value::unknown(std::string name) {
    Value made = make(Type::Unknown);
    made.name = std::move(name);
    return made;
}

Value Value::captured(RequestPtr request, From from, std::string path) {
    Value made = make(Type::Captured);
    made.request = std::move(request);
    made.from = from;
    made.path = std::move(path);
    return made;
}

Value Value::condition(Comparison one) {
    Value made = make(Type::Condition);
    made.comparisons = std::make_shared<std::vector<Comparison>>();
    made.comparisons->push_back(std::move(one));
    return made;
}

std::optional<std::string> Value::literal() const {
    if (type != Type::Text) {
        return std::nullopt;
    }
    std::string text;
    for (const Piece& piece : pieces) {
        if (piece.kind != Piece::Kind::Literal) {
            return std::nullopt;
        }
        text += piece.text;
    }
    return text;
}

std::optional<std::string> Value::plain() const {
    if (type == Type::Number) {
        return number_text(number);
    }
    if (type == Type::Text && pieces.size() == 1 && pieces[0].kind == Piece::Kind::Environment) {
        return pieces[0].fallback;
    }
    return literal();
}

std::optional<double> Value::as_number() const {
    if (type == Type::Number) {
        return number;
    }
    const auto text = plain();
    if (!text || text->empty()) {
        return std::nullopt;
    }
    char* end = nullptr;
    const double value = std::strtod(text->c_str(), &end);
    return end == text->c_str() + text->size() && std::isfinite(value) ? std::optional(value)
                                                                       : std::nullopt;
}

std::optional<double> Value::fixed_number() const {
    if (type == Type::Text && !literal()) {
        return std::nullopt;
    }
    return as_number();
}

Value* Value::member(std::string_view key) const {
    if (type == Type::Map) {
        for (auto& [name_of, value] : *map) {
            if (name_of == key) {
                return &value;
            }
        }
    }
    return nullptr;
}

std::string Value::inner() const {
    if (type != Type::Text || pieces.size() != 1) {
        return {};
    }
    const Piece& piece = pieces.front();
    if (piece.kind == Piece::Kind::Expression) {
        return piece.text;
    }
    const bool bare = piece.kind == Piece::Kind::Environment && !piece.fallback;
    return bare ? "env." + piece.text : std::string();
}

Value* Scope::find(const std::string& name) {
    for (Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
        const auto found = scope->values.find(name);
        if (found != scope->values.end()) {
            return &found->second;
        }
    }
    return nullptr;
}

std::string number_text(double number) {
    constexpr double kExact = 1e15;
    if (std::floor(number) == number && std::fabs(number) < kExact) {
        return fmt::format("{}", static_cast<long long>(number));
    }
    return fmt::format("{}", number);
}

std::string written(const Pieces& pieces) {
    std::string text;
    std::string literal;
    for (const Piece& piece : pieces) {
        if (piece.kind == Piece::Kind::Literal) {
            literal += piece.text;
            continue;
        }
        text += as_literal(literal);
        literal.clear();
        // A $ right before would make of ${ an escaped one.
        if (text.ends_with('$')) {
            text.pop_back();
            text += "${'$'}";
        }
        if (piece.kind == Piece::Kind::Expression) {
            text += fmt::format("${{{}}}", piece.text);
        } else {
            text += fmt::format("${{env.{}{}}}", piece.text,
                                piece.fallback ? ":-" + *piece.fallback : "");
        }
    }
    return text + as_literal(literal);
}

std::string in_expression(std::string_view text) {
    std::string result = "'";
    for (const char c : text) {
        result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return result + "'";
}

}  // namespace plimsoll::import::script
