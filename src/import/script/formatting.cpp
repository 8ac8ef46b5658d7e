// Python's two older ways to put values into a text.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <string_view>

namespace plimsoll::import::script {
namespace {

// The field that begins at `at`, which is moved behind it: "s", or "name" and "".
struct Field {
    std::string name;
    bool plain = false;
};

Field percent_field(const std::string& text, std::size_t& at) {
    Field field;
    if (at < text.size() && text[at] == '(') {
        const std::size_t end = std::min(text.find(')', at), text.size());
        field.name = text.substr(at + 1, end - at - 1);
        at = std::min(end + 1, text.size());
    }
    field.plain = at < text.size() && std::string_view("sdi").find(text[at]) != std::string::npos;
    ++at;
    return field;
}

Field brace_field(const std::string& text, std::size_t& at) {
    Field field;
    const std::size_t end = std::min(text.find('}', at), text.size());
    field.name = text.substr(at, end - at);
    field.plain = end < text.size() && field.name.find_first_of(":!.[{") == std::string::npos;
    at = end + 1;
    return field;
}

}  // namespace

Value Interpreter::formatted(const Value& text, const Value& values, const Node& at,
                             const Map* named) {
    const auto literal = text.literal();
    const bool braces = named != nullptr;
    Value whole = Value::text("");
    std::size_t next = 0;
    const Value unknown = Value::unknown(words(std::make_shared<Node>(at)));
    const char mark = braces ? '{' : '%';
    for (std::size_t place = 0; literal && place < literal->size();) {
        const char c = (*literal)[place];
        const bool twice = place + 1 < literal->size() && (*literal)[place + 1] == c;
        if (c != mark || twice) {
            whole = add(whole, Value::text(std::string(1, c)), at);
            place += twice && (c == mark || (braces && c == '}')) ? 2 : 1;
            continue;
        }
        ++place;
        const Field field = braces ? brace_field(*literal, place) : percent_field(*literal, place);
        const Value number = Value::text(field.name);
        Value value = unknown;
        if (field.name.empty() || number.as_number()) {
            const std::size_t item =
                field.name.empty() ? next++ : static_cast<std::size_t>(*number.as_number());
            const bool list = values.is(Type::List);
            value = list && item < values.list->size() ? (*values.list)[item]
                    : !list && item == 0               ? values
                                                       : unknown;
        } else if (braces) {
            for (const auto& [key, one] : *named) {
                value = key == field.name ? one : value;
            }
        } else if (const Value* const found = values.member(field.name)) {
            value = *found;
        }
        if (!field.plain || value.is(Type::Unknown)) {
            value = unknown;
        }
        whole = add(whole, value, at);
    }
    return literal ? whole : unknown;
}

}  // namespace plimsoll::import::script
