// A parameter's value, from its schema and its own examples.
#include "import/json_access.hpp"
#include "import/schema_example.hpp"
#include "import/schema_fit.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace plimsoll::import {

namespace json = boost::json;

namespace {

/// Of a parameter: its schema, that of its media type, or (Swagger 2) itself.
const json::value* schema_of(const json::value* parameter) {
    if (const json::value* const own = find(parameter, "schema")) {
        return own;
    }
    const json::value* const content = find(parameter, "content");
    if (content != nullptr && content->is_object() && !content->get_object().empty()) {
        return find(&content->get_object().begin()->value(), "schema");
    }
    return parameter;
}

bool is_nothing(const json::value& value) {
    const auto* const array = value.if_array();
    const auto* const object = value.if_object();
    const auto* const text = value.if_string();
    return value.is_null() || (array != nullptr && array->empty()) ||
           (object != nullptr && object->empty()) || (text != nullptr && text->empty());
}

}  // namespace

json::value SchemaExamples::parameter(const json::value* of) {
    const std::string name = text_at(of, "name");
    const json::value* const schema = resolve(schema_of(of));
    std::vector<json::value> candidates;
    for (const char* const key : {"example", "x-example"}) {
        if (const json::value* const value = find(of, key)) {
            candidates.push_back(*value);
        }
    }
    const json::value* const examples = find(of, "examples");
    if (examples != nullptr && examples->is_object()) {
        for (const auto& [label, one] : examples->get_object()) {
            if (const json::value* const value = find(resolve(&one), "value")) {
                candidates.push_back(*value);
            }
        }
    }
    for (const json::value& value : candidates) {
        if (!is_nothing(value) && fits(root_, value, schema)) {
            return finished(value, name, schema);
        }
    }
    const auto low = number_at(schema, "minimum");
    const auto high = number_at(schema, "maximum");
    const bool drawn = schema != nullptr && type_of(*schema) == "integer" &&
                       text_at(of, "in") == "path" && items_at(schema, "enum").empty() &&
                       find(schema, "example") == nullptr && find(schema, "default") == nullptr &&
                       !find(schema, "multipleOf");
    if (drawn) {
        const double from = low.value_or(high ? std::min(1.0, *high) : 1);
        const double to = high.value_or(from + 99);
        if (std::fabs(from) < 1e15 && std::fabs(to) < 1e15 && from <= to) {
            return json::value(fmt::format("${{random_int({},{})}}", std::llround(std::ceil(from)),
                                           std::llround(std::floor(to))));
        }
    }
    json::value value = example(schema, name).value_or(json::value());
    return is_nothing(value) ? json::value("example") : value;
}

}  // namespace plimsoll::import
