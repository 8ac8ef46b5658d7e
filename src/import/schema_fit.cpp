#include "import/schema_fit.hpp"

#include "import/json_access.hpp"
#include "scenario/regex.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::import {
namespace {

namespace json = boost::json;
constexpr int kDeepestFit = 40;

bool is_type(const json::value& value, std::string_view type) {
    if (type == "integer") {
        return value.is_int64() || value.is_uint64() ||
               (value.is_double() && std::floor(value.get_double()) == value.get_double());
    }
    return type == "number"    ? value.is_number()
           : type == "string"  ? value.is_string()
           : type == "boolean" ? value.is_bool()
           : type == "object"  ? value.is_object()
           : type == "array"   ? value.is_array()
           : type == "null"    ? value.is_null()
                               : true;
}

bool number_fits(double number, const json::value& schema) {
    const auto low = number_at(&schema, "minimum");
    const auto high = number_at(&schema, "maximum");
    const auto above = number_at(&schema, "exclusiveMinimum");
    const auto below = number_at(&schema, "exclusiveMaximum");
    const auto step = number_at(&schema, "multipleOf");
    const bool open_low = true_at(find(&schema, "exclusiveMinimum"));  // 3.0
    const bool open_high = true_at(find(&schema, "exclusiveMaximum"));
    return !(low && (number < *low || (open_low && number == *low))) &&
           !(high && (number > *high || (open_high && number == *high))) &&
           !(above && number <= *above) && !(below && number >= *below) &&
           !(step && *step > 0 && std::fabs(std::remainder(number, *step)) > 1e-9 * *step);
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

bool string_fits(std::string_view text, const json::value& schema) {
    const auto length = static_cast<double>(characters(text));
    const auto shortest = number_at(&schema, "minLength");
    const auto longest = number_at(&schema, "maxLength");
    if ((shortest && length < *shortest) || (longest && length > *longest)) {
        return false;
    }
    const std::string pattern = text_at(&schema, "pattern");
    if (pattern.empty()) {
        return true;
    }
    const auto regex = Regex::compile("(?:" + pattern + ")");
    return !regex || regex->find(text).has_value();
}

bool object_fits(const json::value& root, const json::object& object, const json::value& schema,
                 int depth) {
    const json::value* const properties = find(&schema, "properties");
    for (const json::value& name : items_at(&schema, "required")) {
        const json::value* const property =
            resolve_reference(root, find(properties, text_at(&name)));
        if (!object.contains(text_at(&name)) && !true_at(find(property, "readOnly"))) {
            return false;
        }
    }
    const json::value* const more = find(&schema, "additionalProperties");
    for (const auto& [name, member] : object) {
        const json::value* const property = find(properties, name);
        const json::value* const other =
            find(&schema, "patternProperties") == nullptr ? more : nullptr;
        const bool closed = other != nullptr && other->is_bool() && !other->get_bool();
        if (property == nullptr && closed) {
            return false;
        }
        if (!fits(root, member, property != nullptr ? property : other, depth + 1)) {
            return false;
        }
    }
    const auto fewest = number_at(&schema, "minProperties");
    const auto most = number_at(&schema, "maxProperties");
    const auto count = static_cast<double>(object.size());
    return !(fewest && count < *fewest) && !(most && count > *most);
}

bool array_fits(const json::value& root, const json::array& array, const json::value& schema,
                int depth) {
    const auto fewest = number_at(&schema, "minItems");
    const auto most = number_at(&schema, "maxItems");
    const auto count = static_cast<double>(array.size());
    if ((fewest && count < *fewest) || (most && count > *most)) {
        return false;
    }
    for (std::size_t at = 0; at < array.size(); ++at) {
        const bool again = std::find(array.begin(), array.begin() + static_cast<std::ptrdiff_t>(at),
                                     array[at]) != array.begin() + static_cast<std::ptrdiff_t>(at);
        if (true_at(find(&schema, "uniqueItems")) && again) {
            return false;
        }
        const auto& first = items_at(&schema, "prefixItems");
        const json::value* const own = at < first.size() ? &first[at] : find(&schema, "items");
        if (!fits(root, array[at], own, depth + 1)) {
            return false;
        }
    }
    return true;
}

bool types_fit(const json::value& value, const json::value& schema) {
    const json::value* const type = find(&schema, "type");
    if (type != nullptr && type->is_array()) {
        const auto& types = type->get_array();
        return std::any_of(types.begin(), types.end(),
                           [&](const json::value& one) { return is_type(value, text_at(&one)); });
    }
    return is_type(value, text_at(type));
}

bool choices_fit(const json::value& root, const json::value& value, const json::value& schema,
                 int depth) {
    const auto matching = [&](const json::array& branches) {
        return std::count_if(branches.begin(), branches.end(), [&](const json::value& one) {
            return fits(root, value, &one, depth + 1);
        });
    };
    const auto& all = items_at(&schema, "allOf");
    const auto& any = items_at(&schema, "anyOf");
    const auto& one = items_at(&schema, "oneOf");
    return matching(all) == static_cast<std::ptrdiff_t>(all.size()) &&
           (any.empty() || matching(any) > 0) && (one.empty() || matching(one) == 1);
}

}  // namespace

const json::value* resolve_reference(const json::value& root, const json::value* value) {
    constexpr int kMostHops = 20;
    for (int hops = 0; value != nullptr && hops < kMostHops; ++hops) {
        const json::value* const written = find(value, "$ref");
        if (written == nullptr || !written->is_string()) {
            return value;
        }
        const std::string reference = text_at(written);
        if (reference == "#") {
            return &root;
        }
        if (!reference.starts_with("#/")) {
            return nullptr;
        }
        std::string pointer;  // a URI's fragment: percent-encoded
        for (std::size_t at = 1; at < reference.size(); ++at) {
            const bool escape = reference[at] == '%' && at + 2 < reference.size();
            pointer += escape ? static_cast<char>(
                                    std::strtol(reference.substr(at + 1, 2).c_str(), nullptr, 16))
                              : reference[at];
            at += escape ? 2U : 0U;
        }
        boost::system::error_code failed;
        value = root.find_pointer(pointer, failed);
        value = failed || value->is_null() ? nullptr : value;  // null: a file that is not there
    }
    return nullptr;
}

bool takes_null(const json::value& schema) {
    const auto& types = items_at(&schema, "type");
    return true_at(find(&schema, "nullable")) || text_at(&schema, "type") == "null" ||
           std::any_of(types.begin(), types.end(),
                       [](const json::value& one) { return text_at(&one) == "null"; });
}

std::string_view type_of(const json::value& schema) {
    const auto text = [](const json::value* value) {
        const auto* const string = value != nullptr ? value->if_string() : nullptr;
        return string != nullptr ? std::string_view(*string) : std::string_view{};
    };
    for (const json::value& one : items_at(&schema, "type")) {
        if (text(&one) != "null") {
            return text(&one);
        }
    }
    if (const std::string_view type = text(find(&schema, "type")); !type.empty()) {
        return type;
    }
    return find(&schema, "properties") != nullptr ||
                   find(&schema, "additionalProperties") != nullptr ||
                   find(&schema, "required") != nullptr
               ? "object"
           : find(&schema, "items") != nullptr ? "array"
           : find(&schema, "pattern") != nullptr || find(&schema, "format") != nullptr ||
                   find(&schema, "minLength") != nullptr
               ? "string"
               : "";
}

bool fits(const json::value& root, const json::value& value, const json::value* schema, int depth) {
    if (schema == nullptr || depth > kDeepestFit) {
        return true;
    }
    schema = resolve_reference(root, schema);
    if (schema == nullptr || schema->is_bool()) {
        return schema == nullptr || schema->get_bool();
    }
    if (value.is_null() && takes_null(*schema)) {
        return true;
    }
    const json::value* const constant = find(schema, "const");
    const auto& choices = items_at(schema, "enum");
    const bool listed =
        choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end();
    if (!types_fit(value, *schema) || !listed || (constant != nullptr && *constant != value)) {
        return false;
    }
    const bool inside = value.is_number() ? number_fits(value.to_number<double>(), *schema)
                        : value.is_string()
                            ? string_fits(std::string_view(value.get_string()), *schema)
                        : value.is_object() ? object_fits(root, value.get_object(), *schema, depth)
                        : value.is_array()  ? array_fits(root, value.get_array(), *schema, depth)
                                            : true;
    return inside && choices_fit(root, value, *schema, depth);
}

}  // namespace plimsoll::import
