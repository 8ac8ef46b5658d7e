#include "import/schema_example.hpp"

#include "import/json_access.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll::import {

namespace json = boost::json;
namespace {

constexpr int kDeepest = 6;

std::string_view sample_of_format(std::string_view format) {
    struct Format {
        std::string_view name;
        std::string_view sample;
    };
    constexpr std::array kFormats{Format{"uuid", "${uuid()}"},
                                  Format{"date", "2024-01-31"},
                                  Format{"date-time", "2024-01-31T12:00:00Z"},
                                  Format{"time", "12:00:00Z"},
                                  Format{"email", "user-${user}@example.com"},
                                  Format{"uri", "https://example.com/"},
                                  Format{"hostname", "example.com"},
                                  Format{"ipv4", "192.0.2.1"},
                                  Format{"ipv6", "2001:db8::1"},
                                  Format{"byte", "ZXhhbXBsZQ=="}};
    const auto* const found = std::find_if(kFormats.begin(), kFormats.end(),
                                           [&](const Format& f) { return f.name == format; });
    return found == kFormats.end() ? std::string_view{} : found->sample;
}

// `type`, or the first of a list of types that is not null.
std::string type_of(const json::value& schema) {
    for (const json::value& one : items_at(&schema, "type")) {
        if (text_at(&one) != "null") {
            return text_at(&one);
        }
    }
    const std::string type = text_at(&schema, "type");
    if (!type.empty()) {
        return type;
    }
    return find(&schema, "properties") != nullptr ? "object"
           : find(&schema, "items") != nullptr    ? "array"
                                                  : "";
}

}  // namespace

const json::value* SchemaExamples::resolve(const json::value* value) const {
    for (int hops = 0; value != nullptr && hops < kDeepest; ++hops) {
        const std::string reference = text_at(value, "$ref");
        if (reference.empty()) {
            return value;
        }
        if (!reference.starts_with("#/")) {
            return nullptr;
        }
        boost::system::error_code failed;
        value = root_.find_pointer(reference.substr(1), failed);
    }
    return value;
}

std::string SchemaExamples::secret(std::string_view name) {
    return secrets_.reference(name, fmt::format("\x01{}", name));  // equal only to itself
}

json::value SchemaExamples::given(const json::value& value, std::string_view name) {
    if (const auto* const object = value.if_object()) {
        json::object result;
        for (const auto& [key, member] : *object) {
            result[as_literal(key)] = given(member, key);
        }
        return result;
    }
    if (const auto* const array = value.if_array()) {
        json::array result;
        for (const auto& item : *array) {
            result.push_back(given(item, name));
        }
        return result;
    }
    if (!value.is_string()) {
        return value;
    }
    return json::value(is_secret_name(name) ? secret(name) : as_literal(value.get_string()));
}

json::value SchemaExamples::scalar(const json::value& schema, std::string_view type) {
    if (type == "boolean") {
        return true;
    }
    if (type == "integer" || type == "number") {
        const double low = number_at(&schema, "minimum")
                               .value_or(number_at(&schema, "exclusiveMinimum").value_or(0) + 1);
        const double high = number_at(&schema, "maximum").value_or(low);
        const double value = std::min(low, high);
        return type == "integer" ? json::value(std::llround(std::ceil(value))) : json::value(value);
    }
    const std::string_view sample = sample_of_format(text_at(&schema, "format"));
    std::string text = sample.empty() ? "example" : std::string(sample);
    const double shortest = number_at(&schema, "minLength").value_or(0);
    const double longest = number_at(&schema, "maxLength").value_or(1000);
    if (sample.empty() && static_cast<double>(text.size()) < shortest && shortest < 1000) {
        text.append(static_cast<std::size_t>(shortest) - text.size(), 'x');
    }
    if (sample.empty() && static_cast<double>(text.size()) > longest && longest >= 0) {
        text.resize(static_cast<std::size_t>(longest));
    }
    return json::value(text);
}

json::value SchemaExamples::object(const json::value& schema, int depth) {
    json::object result;
    const json::value* const properties = find(&schema, "properties");
    open_.push_back(&schema);
    if (properties != nullptr && properties->is_object() && depth < kDeepest) {
        for (const auto& [name, property] : properties->get_object()) {
            const json::value* const of = resolve(&property);
            const json::value* const inner = resolve(find(of, "items"));
            const bool returns =
                std::any_of(open_.begin(), open_.end(),
                            [&](const json::value* one) { return one == of || one == inner; });
            if (of != nullptr && !returns && !true_at(find(of, "readOnly"))) {
                result[as_literal(name)] = example(of, name, depth + 1);
            }
        }
    }
    open_.pop_back();
    return result;
}

json::value SchemaExamples::example(const json::value* schema, std::string_view name, int depth) {
    schema = resolve(schema);
    if (schema == nullptr || depth > kDeepest) {
        return nullptr;
    }
    for (const char* const key : {"example", "default", "const"}) {
        if (const json::value* const value = find(schema, key)) {
            return given(*value, name);
        }
    }
    if (!items_at(schema, "examples").empty()) {
        return given(items_at(schema, "examples")[0], name);
    }
    if (!items_at(schema, "enum").empty()) {
        return given(items_at(schema, "enum")[0], name);
    }
    if (!items_at(schema, "allOf").empty()) {
        json::value merged = object(*schema, depth);
        for (const json::value& part : items_at(schema, "allOf")) {
            const json::value one = example(&part, name, depth + 1);
            if (const auto* const members = one.if_object()) {
                for (const auto& [key, value] : *members) {
                    merged.get_object()[key] = value;
                }
            } else if (merged.get_object().empty()) {
                return one;
            }
        }
        return merged;
    }
    for (const char* const key : {"oneOf", "anyOf"}) {
        if (!items_at(schema, key).empty()) {
            return example(&items_at(schema, key)[0], name, depth + 1);
        }
    }
    const std::string type = type_of(*schema);
    if (type == "object" || type.empty()) {
        return object(*schema, depth);
    }
    if (type == "array") {
        json::array items;
        if (json::value item = example(find(schema, "items"), name, depth + 1); !item.is_null()) {
            items.push_back(std::move(item));
        }
        return items;
    }
    if (type == "string" && (is_secret_name(name) || text_at(schema, "format") == "password")) {
        return json::value(secret(name));
    }
    return scalar(*schema, type);
}

std::string SchemaExamples::parameter(const json::value* of) {
    const std::string name = text_at(of, "name");
    const json::value* const own = find(of, "schema");
    const json::value* const schema =
        resolve(own != nullptr ? own : of);  // Swagger 2 has no schema
    if (is_secret_name(name)) {
        return secret(name);
    }
    for (const json::value* const from : {of, schema}) {
        for (const char* const key : {"example", "x-example", "default"}) {
            const json::value* const value = find(from, key);
            if (value != nullptr && value->is_string()) {
                return as_literal(value->get_string());
            }
            if (value != nullptr && (value->is_number() || value->is_bool())) {
                return json::serialize(*value);
            }
        }
    }
    const json::value* const examples = find(of, "examples");
    if (examples != nullptr && examples->is_object() && !examples->get_object().empty()) {
        const json::value* const first = resolve(&examples->get_object().begin()->value());
        if (const json::value* const value = find(first, "value");
            value != nullptr && value->is_string()) {
            return as_literal(value->get_string());
        }
    }
    const bool integer =
        schema != nullptr && type_of(*schema) == "integer" && items_at(schema, "enum").empty();
    if (integer && text_at(of, "in") == "path") {
        return "${random_int(1,100)}";
    }
    json::value value = example(schema, name);
    if (const auto* const list = value.if_array(); list != nullptr && !list->empty()) {
        value = json::value((*list)[0]);
    }
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

}  // namespace plimsoll::import
