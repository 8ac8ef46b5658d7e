#include "probes/container/json_fields.hpp"

#include <boost/json.hpp>

namespace plimsoll {

namespace json = boost::json;

const json::value* at(const json::value& from, std::initializer_list<std::string_view> path) {
    const json::value* value = &from;
    for (const std::string_view key : path) {
        const json::object* object = value->if_object();
        value = object != nullptr ? object->if_contains(key) : nullptr;
        if (value == nullptr) {
            return nullptr;
        }
    }
    return value;
}

std::string text(const json::value& from, std::initializer_list<std::string_view> path) {
    const json::value* value = at(from, path);
    const json::string* string = value != nullptr ? value->if_string() : nullptr;
    return string != nullptr ? std::string(*string) : std::string();
}

}  // namespace plimsoll
