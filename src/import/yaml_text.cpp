#include "import/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll::import {
namespace {

bool means_something_else(std::string_view text) {
    constexpr std::array<std::string_view, 10> kWords{"true", "false", "null", "yes", "no",
                                                      "on",   "off",   "~",    "y",   "n"};
    std::string word(text);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool is_plain(std::string_view text) {
    constexpr std::string_view kFirst = "/$_";
    constexpr std::string_view kInside = "/$_-.+*=~(){},;@!%^|<> ?&:";
    if (text.empty() || text.size() > 200 || text.back() == ' ' || text.back() == ':' ||
        means_something_else(text)) {
        return false;
    }
    const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
    if (!letter(text.front()) && kFirst.find(text.front()) == std::string_view::npos) {
        return false;
    }
    const bool clean = std::all_of(text.begin(), text.end(), [&](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               kInside.find(c) != std::string_view::npos;
    });
    return clean && text.find(": ") == std::string_view::npos;
}

// "- " before the first line of an item's block that is laid out at `indent` + 2.
std::string as_item(std::string block, int indent) {
    const auto place = static_cast<std::size_t>(indent);
    if (block.starts_with('\n') && block.size() > place + 2) {
        block.replace(1 + place, 2, "- ");
        return block;
    }
    return fmt::format("\n{:{}}-{}", "", indent, block);
}

}  // namespace

std::string yaml_quoted(std::string_view text) {
    return boost::json::serialize(boost::json::value(text));
}

std::string yaml_scalar(std::string_view text) {
    return is_plain(text) ? std::string(text) : yaml_quoted(text);
}

std::string yaml_block(const boost::json::value& value, int indent) {
    const int inner = indent + 2;
    std::string text;
    if (const auto* const object = value.if_object(); object != nullptr && !object->empty()) {
        for (const auto& [key, member] : *object) {
            text +=
                fmt::format("\n{:{}}{}:{}", "", inner, yaml_scalar(key), yaml_block(member, inner));
        }
        return text;
    }
    if (const auto* const array = value.if_array(); array != nullptr && !array->empty()) {
        for (const auto& item : *array) {
            text += as_item(yaml_block(item, inner), inner);
        }
        return text;
    }
    if (const double* const number = value.if_double()) {
        return fmt::format(" {}", *number);
    }
    return " " + boost::json::serialize(value);
}

}  // namespace plimsoll::import
