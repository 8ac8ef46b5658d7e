#include "import/schema_example.hpp"

#include "import/json_access.hpp"
#include "import/schema_fit.hpp"
#include "import/schema_number.hpp"
#include "import/schema_string.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll::import {

namespace json = boost::json;
namespace {

constexpr int kDeepestOptional = 4;         // levels with members that need not be there
constexpr int kDeepest = 60;                // of what must be there
constexpr std::size_t kMostOptional = 250;  // values, from which on only what must be there is made
constexpr std::size_t kMost = 20'000;       // values in all
constexpr std::size_t kMostItems = 100;

// The nth of different values, for lists whose items must differ.
json::value another(const json::value& first, const json::value& schema, std::size_t number) {
    const auto& choices = items_at(&schema, "enum");
    if (number < choices.size()) {
        return choices[number];
    }
    if (first.is_string()) {
        return json::value(sample_text(schema, number));
    }
    return first.is_int64() ? json::value(first.get_int64() + static_cast<std::int64_t>(number))
                            : first;
}

}  // namespace

const json::value* SchemaExamples::resolve(const json::value* value) const {
    return resolve_reference(root_, value);
}

bool SchemaExamples::is_open(const json::value* schema) const {
    return std::find(open_.begin(), open_.end(), schema) != open_.end();
}

SchemaExamples::Made SchemaExamples::example(const json::value* schema, std::string_view name) {
    made_ = 0;
    open_.clear();
    merged_.clear();
    auto made = make(schema, name, 0);
    last_fits_ = !made || fits(root_, *made, schema);
    return made ? Made(finished(*made, name, schema)) : std::nullopt;
}

SchemaExamples::Made SchemaExamples::given(const json::value& value, const json::value* schema) {
    last_fits_ = true;
    if (schema == nullptr || fits(root_, value, schema)) {
        return finished(value, {}, schema);
    }
    auto made = example(schema);
    return made ? made : Made(finished(value, {}, schema));
}

SchemaExamples::Made SchemaExamples::make(const json::value* schema, std::string_view name,
                                          int depth) {
    constexpr std::ptrdiff_t kMostRounds = 2;
    if (schema == nullptr) {
        return json::value(json::object{});  // nothing is said: anything fits
    }
    schema = resolve(schema);
    if (schema == nullptr || (schema->is_bool() && !schema->get_bool())) {
        return std::nullopt;
    }
    const bool far = depth >= kDeepestOptional || made_ >= kMostOptional;
    if (takes_null(*schema) && (is_open(schema) || far)) {
        return json::value();
    }
    const bool endless = std::count(open_.begin(), open_.end(), schema) >= kMostRounds;
    if (endless || depth > kDeepest || ++made_ > kMost) {
        return takes_null(*schema) ? Made(json::value()) : std::nullopt;
    }
    open_.push_back(schema);
    Made made = make_new(*schema, name, depth);
    open_.pop_back();
    return !made && takes_null(*schema) ? Made(json::value()) : made;
}

// What the schema itself gives, where it fits: an example, a default, the first choice.
SchemaExamples::Made SchemaExamples::from_schema(const json::value& schema, std::string_view name) {
    std::vector<const json::value*> candidates;
    for (const char* const key : {"example", "const", "default"}) {
        if (const json::value* const value = find(&schema, key)) {
            candidates.push_back(value);
        }
    }
    for (const char* const key : {"examples", "enum"}) {
        for (const json::value& value : items_at(&schema, key)) {
            candidates.push_back(&value);
        }
    }
    static_cast<void>(name);
    for (const json::value* const value : candidates) {
        const bool said = !value->is_null() || type_of(schema).empty();
        if (said && fits(root_, *value, &schema)) {
            made_ += JsonTree(*value).size();
            return *value;
        }
    }
    return std::nullopt;
}

SchemaExamples::Made SchemaExamples::make_new(const json::value& schema, std::string_view name,
                                              int depth) {
    if (auto own = from_schema(schema, name)) {
        return own;
    }
    const bool choices = !items_at(&schema, "allOf").empty() ||
                         !items_at(&schema, "oneOf").empty() || !items_at(&schema, "anyOf").empty();
    if (choices) {
        return combined(schema, name, depth);
    }
    const std::string_view type = type_of(schema);
    if (type == "object" || type.empty()) {
        return object(schema, depth);
    }
    if (type == "array") {
        return array(schema, name, depth);
    }
    if (type == "boolean") {
        return json::value(true);
    }
    if (type == "null") {
        return json::value();
    }
    if (type == "integer" || type == "number") {
        return sample_number(schema, type == "integer");
    }
    return json::value(sample_text(schema));
}

// allOf as one schema; of oneOf and anyOf the first branch whose value fits the whole.
SchemaExamples::Made SchemaExamples::combined(const json::value& schema, std::string_view name,
                                              int depth) {
    json::object whole;
    merge(schema, whole, 0);
    json::array branches;
    for (const char* const key : {"oneOf", "anyOf"}) {
        if (const json::value* const list = whole.if_contains(key);
            list != nullptr && branches.empty()) {
            branches = items_at(list);
        }
    }
    whole.erase("oneOf");
    whole.erase("anyOf");
    if (branches.empty()) {
        merged_.emplace_back(std::move(whole));
        return make(&merged_.back(), name, depth + 1);
    }
    Made first;
    for (const json::value& branch : branches) {
        json::object one = whole;
        merge(branch, one, 0);
        merged_.emplace_back(std::move(one));
        const json::value* const target = resolve(&branch);
        if (target == nullptr || (is_open(target) && &branch != &branches.back())) {
            continue;
        }
        open_.push_back(target);
        Made made = make(&merged_.back(), name, depth + 1);
        open_.pop_back();
        if (made && fits(root_, *made, &schema)) {
            return made;
        }
        first = first ? first : made;
    }
    return first;
}

// Takes the members of `part`, and of what it is made of, into one schema.
void SchemaExamples::merge(const json::value& part, json::object& into, int depth) const {
    const json::value* const of = resolve(&part);
    if (of == nullptr || !of->is_object() || depth > kDeepest) {
        return;
    }
    for (const auto& [key, value] : of->get_object()) {
        json::value* const known = into.if_contains(key);
        if (key == "allOf") {
            continue;
        }
        if (known == nullptr) {
            into[key] = value;
        } else if (key == "properties" && known->is_object() && value.is_object()) {
            for (const auto& [name, property] : value.get_object()) {
                if (json::value* const twice = known->get_object().if_contains(name)) {
                    *twice = json::object{{"allOf", json::array{*twice, property}}};
                } else {
                    known->get_object()[name] = property;
                }
            }
        } else if (key == "required" && known->is_array() && value.is_array()) {
            for (const json::value& name : value.get_array()) {
                known->get_array().push_back(name);
            }
        } else if ((key == "oneOf" || key == "anyOf") && known->is_array()) {
            into["allOf"] = json::array{};  // two choices: the second is not made use of
        }
    }
    into.erase("allOf");
    for (const json::value& inner : items_at(of, "allOf")) {
        merge(inner, into, depth + 1);
    }
}

SchemaExamples::Made SchemaExamples::object(const json::value& schema, int depth) {
    json::object result;
    const auto& required = items_at(&schema, "required");
    const auto is_required = [&](std::string_view name) {
        return std::any_of(required.begin(), required.end(),
                           [&](const json::value& one) { return text_at(&one) == name; });
    };
    const json::value* const properties = find(&schema, "properties");
    static const json::object kNone;
    const auto* const listed = properties != nullptr ? properties->if_object() : nullptr;
    for (const bool needed : {true, false}) {
        for (const auto& [name, property] : listed != nullptr ? *listed : kNone) {
            const json::value* const of = resolve(&property);
            if (is_required(name) != needed || true_at(find(of, "readOnly")) ||
                (needed && result.contains(name))) {
                continue;
            }
            const json::value* const inner = resolve(find(of, "items"));
            const bool room = depth < kDeepestOptional && made_ < kMostOptional && of != nullptr &&
                              !is_open(of) && (inner == nullptr || !is_open(inner)) &&
                              !true_at(find(of, "deprecated"));
            if (!needed && !room) {
                continue;
            }
            Made member = make(&property, name, depth + 1);
            if (!member && needed) {
                return std::nullopt;
            }
            const bool fit = member && (needed || fits(root_, *member, &property));
            if (fit) {
                result[name] = *std::move(member);
            }
        }
    }
    const json::value* const more = find(&schema, "additionalProperties");
    const bool open = more == nullptr || more->is_object() || true_at(more);
    const auto add = [&](const std::string& name) {
        if (open && !result.contains(name)) {
            Made member = more != nullptr && more->is_object() ? make(more, name, depth + 1)
                                                               : Made(json::value("example"));
            if (member) {
                result[name] = *std::move(member);
            }
        }
    };
    for (const json::value& name : required) {
        if (listed == nullptr || !listed->contains(text_at(&name))) {
            add(text_at(&name));
        }
    }
    const double fewest = std::min(number_at(&schema, "minProperties").value_or(0), 100.0);
    for (int key = 1; static_cast<double>(result.size()) < fewest && key <= 100; ++key) {
        add(fmt::format("key{}", key));
    }
    return json::value(std::move(result));
}

SchemaExamples::Made SchemaExamples::array(const json::value& schema, std::string_view name,
                                           int depth) {
    const auto fewest = static_cast<std::size_t>(std::clamp(
        number_at(&schema, "minItems").value_or(0), 0.0, static_cast<double>(kMostItems)));
    const json::value* const items = resolve(find(&schema, "items"));
    const bool room = depth < kDeepestOptional && made_ < kMostOptional && !is_open(items) &&
                      number_at(&schema, "maxItems").value_or(1) >= 1;
    json::array result;
    const double most = number_at(&schema, "maxItems").value_or(kMostItems);
    for (const json::value& one : items_at(&schema, "prefixItems")) {
        const bool more = static_cast<double>(result.size()) < most;
        Made item =
            more && (result.size() < fewest || room) ? make(&one, name, depth + 1) : std::nullopt;
        if (!item) {
            break;
        }
        result.push_back(*std::move(item));
    }
    const bool enough = result.size() >= fewest;
    if (enough && (fewest > 0 || !result.empty() || !room || items == nullptr)) {
        return json::value(std::move(result));
    }
    Made first = make(find(&schema, "items"), name, depth + 1);
    if (!first) {
        return fewest == 0 ? Made(json::value(std::move(result))) : std::nullopt;
    }
    if (fewest == 0 && !fits(root_, *first, items)) {
        return json::value(std::move(result));
    }
    static const json::value kNothing;
    const std::size_t wanted = std::max<std::size_t>(fewest, 1) - result.size();
    for (std::size_t at = 0; at < wanted; ++at) {
        const bool same = at == 0 || !true_at(find(&schema, "uniqueItems"));
        result.push_back(same ? *first : another(*first, items != nullptr ? *items : kNothing, at));
    }
    return json::value(std::move(result));
}

json::value SchemaExamples::finished(const json::value& value, std::string_view name,
                                     const json::value* schema) {
    schema = resolve(schema);
    if (const auto* const object = value.if_object()) {
        json::object result;
        json::object whole;
        if (schema != nullptr) {
            merge(*schema, whole, 0);
        }
        const json::value* const properties = whole.if_contains("properties");
        for (const auto& [key, member] : *object) {
            result[as_literal(key)] = finished(member, key, find(properties, key));
        }
        return result;
    }
    if (const auto* const array = value.if_array()) {
        json::array result;
        for (const auto& item : *array) {
            result.push_back(finished(item, name, find(schema, "items")));
        }
        return result;
    }
    if (!value.is_string()) {
        return value;
    }
    const std::string text(value.get_string());
    const bool chosen = !items_at(schema, "enum").empty() || find(schema, "const") != nullptr ||
                        find(schema, "pattern") != nullptr;
    const bool password = text_at(schema, "format") == "password";
    if ((is_secret_name(name) || password) && !chosen) {
        return json::value(
            secrets_.reference(name.empty() ? "PASSWORD" : name,
                               fmt::format("\x01{}", name)));  // equal to itself only
    }
    return json::value(text == kSampleUuid ? "${uuid()}" : as_literal(text));
}

}  // namespace plimsoll::import
