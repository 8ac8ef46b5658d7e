#include "import/parameter_text.hpp"

#include "import/bodies.hpp"
#include "import/json_access.hpp"
#include "import/request_text.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll::import {
namespace {

namespace json = boost::json;

struct Style {
    std::string name;
    bool explode = false;
    std::string_view mark = ",";  // between the items of one value
};

std::string_view mark_of(std::string_view style) {
    return style == "spaceDelimited" || style == "ssv"    ? " "
           : style == "pipeDelimited" || style == "pipes" ? "|"
           : style == "tsv"                               ? "\t"
           : style == "label"                             ? "."
                                                          : ",";
}

Style style_of(const json::value& of) {
    const std::string in = text_at(&of, "in");
    const bool query = in == "query" || in == "cookie" || in == "formData";
    const std::string collection = text_at(&of, "collectionFormat");
    if (!collection.empty() || in == "formData") {  // Swagger 2
        return {"form", collection == "multi", mark_of(collection)};
    }
    Style style{text_at(&of, "style")};
    if (style.name.empty()) {
        style.name = query ? "form" : "simple";
    }
    const json::value* const explode = find(&of, "explode");
    style.explode = explode != nullptr ? true_at(explode) : style.name == "form";
    style.mark = mark_of(style.name);
    return style;
}

std::string plain(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

/// Names and values of an object; of a list values alone.
std::vector<TextPair> items_of(const json::value& value) {
    std::vector<TextPair> items;
    if (const auto* const array = value.if_array()) {
        for (const json::value& item : *array) {
            items.emplace_back("", plain(item));
        }
    } else if (const auto* const object = value.if_object()) {
        for (const auto& [name, member] : *object) {
            items.emplace_back(name, plain(member));
        }
    }
    return items;
}

std::string joined(const std::vector<TextPair>& items, std::string_view between,
                   std::string_view mark) {
    std::string text;
    for (const auto& [name, value] : items) {
        text += text.empty() ? "" : between;
        text += name.empty() ? value : fmt::format("{}{}{}", name, mark, value);
    }
    return text;
}

bool is_scalar(const json::value& of, const json::value& value) {
    return find(&of, "content") != nullptr || (!value.is_array() && !value.is_object());
}

/// Of a query: all but expressions, and the commas between items.
std::string encoded(std::string_view text) {
    return text.find("${") == std::string_view::npos ? percent_encoded(text) : escape_rest(text);
}

}  // namespace

std::string simple_text(const json::value& of, const json::value& value) {
    const Style style = style_of(of);
    const std::string name = text_at(&of, "name");
    const std::string before = style.name == "label"    ? "."
                               : style.name == "matrix" ? fmt::format(";{}=", name)
                                                        : "";
    if (is_scalar(of, value)) {
        return before + plain(value);
    }
    const auto items = items_of(value);
    if (style.name == "matrix" && style.explode) {
        std::string text;
        for (const auto& [key, item] : items) {
            text += fmt::format(";{}={}", key.empty() ? name : key, item);
        }
        return text;
    }
    return before + joined(items, style.mark, style.explode ? "=" : style.mark);
}

std::string path_text(const json::value& of, const json::value& value) {
    constexpr std::string_view kEnds = "/?#%";
    const std::string text = simple_text(of, value);
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool ends = kEnds.find(text[at]) != std::string_view::npos;
        result +=
            ends ? percent_encoded(std::string_view(text).substr(at, 1)) : std::string(1, text[at]);
    }
    return result;
}

std::vector<TextPair> form_pairs(const json::value& of, const json::value& value) {
    const Style style = style_of(of);
    const std::string name = text_at(&of, "name");
    if (is_scalar(of, value)) {
        return {{name, plain(value)}};
    }
    std::vector<TextPair> pairs = items_of(value);
    if (style.name == "deepObject") {
        for (auto& [key, item] : pairs) {
            key = fmt::format("{}[{}]", name, key);
        }
    } else if (style.explode) {
        for (auto& [key, item] : pairs) {
            key = key.empty() ? name : key;
        }
    } else {
        return {{name, joined(pairs, style.mark, style.mark)}};
    }
    return pairs;
}

std::string query_text(const json::value& of, const json::value& value) {
    const bool whole = is_scalar(of, value);
    std::string text;
    for (const auto& [name, item] : form_pairs(of, value)) {
        text += text.empty() ? "" : "&";
        text += encoded(name) + "=";
        std::string own = encoded(item);
        // The comma between items stands as it is; one inside an item cannot be told from it.
        for (std::size_t at = 0; !whole && (at = own.find("%2C", at)) != std::string::npos;) {
            own.replace(at, 3, ",");
        }
        text += own;
    }
    return text;
}

std::string escape_rest(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t open = std::min(text.find("${"), text.size());
        result += clean_target(text.substr(0, open));
        const std::size_t end =
            open < text.size() ? std::min(text.find('}', open), text.size() - 1) + 1 : open;
        result += text.substr(open, end - open);
        text.remove_prefix(end);
    }
    return result;
}

}  // namespace plimsoll::import
