#include "import/postman_variables.hpp"

#include "import/json_access.hpp"
#include "import/naming.hpp"
#include "import/postman_url.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace plimsoll::import {

namespace json = boost::json;

void PostmanVariables::take(const json::value& of) {
    for (const json::value& variable : items_at(&of, "variable")) {
        if (!true_at(find(&variable, "disabled"))) {
            const std::string key = text_at(&variable, "key");
            values_[key.empty() ? text_at(&variable, "id") : key] =
                scalar_text(find(&variable, "value"));
        }
    }
}

std::string PostmanVariables::filled(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t open = text.find("{{");
        const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
        if (close == std::string_view::npos) {
            return result + draft_.secrets.text(text);
        }
        result += draft_.secrets.text(text.substr(0, open));
        result += variable(std::string(text.substr(open + 2, close - open - 2)));
        text.remove_prefix(close + 2);
    }
    return result;
}

std::string PostmanVariables::variable(const std::string& name) {
    if (name == "$guid" || name == "$randomUUID") {
        return "${uuid()}";
    }
    if (name.starts_with('$')) {
        draft_.notes.push_back(fmt::format("{{{{{}}}}} became a random number", name));
        return "${random_int(0,1000000)}";
    }
    const auto known = values_.find(name);
    const bool has_value = known != values_.end() && !known->second.empty();
    if (!has_value || is_secret_name(name)) {
        return draft_.secrets.reference(name, has_value ? known->second : "{{" + name + "}}");
    }
    const std::string& value = known->second;
    if (value.find("{{") != std::string::npos && depth_ < 5) {
        ++depth_;
        std::string text = filled(value);
        --depth_;
        return text;
    }
    return draft_.secrets.text(value);
}

std::string PostmanVariables::field(std::string_view name, std::string_view value) {
    return value.find("{{") != std::string_view::npos ? filled(value)
                                                      : draft_.secrets.field(name, value);
}

JsonTree PostmanVariables::fill_json(const JsonTree& value, std::string_view name) {
    return with_texts(
        value, [&](std::string_view key) { return filled(key); },
        [&](std::string_view holder, std::string_view text) { return field(holder, text); }, name);
}

std::string PostmanVariables::filled_path(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t open = text.find("{{");
        const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
        if (close == std::string_view::npos) {
            return result + draft_.secrets.path(clean_target(text));
        }
        result += draft_.secrets.path(clean_target(text.substr(0, open)));
        result += variable(std::string(text.substr(open + 2, close - open - 2)));
        text.remove_prefix(close + 2);
    }
    return result;
}

std::string PostmanVariables::filled_origin(std::string origin) {
    const bool alone = origin.starts_with("{{") && origin.find("}}") == origin.size() - 2;
    if (!alone && origin.find("://") == std::string::npos) {
        origin.insert(0, "http://");
    }
    std::string result;
    for (std::size_t at = 0; at < origin.size();) {
        const std::size_t open = std::min(origin.find("{{", at), origin.size());
        const std::size_t close = origin.find("}}", open);
        result += origin.substr(at, open - at);
        if (close == std::string::npos) {
            return result + origin.substr(open);
        }
        const std::string name = origin.substr(open + 2, close - open - 2);
        const std::string reference = draft_.secrets.reference(name, "{{" + name + "}}");
        if (!alone && reference.size() > 7) {
            const std::string variable = reference.substr(6, reference.size() - 7);
            const bool port = result.ends_with(':');
            draft_.samples[variable] = result.empty() ? "http" : port ? "8080" : "localhost";
        }
        result += reference;
        at = close + 2;
    }
    return result;
}

}  // namespace plimsoll::import
