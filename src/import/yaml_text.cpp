#include "import/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
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

std::string yaml_text(std::string_view text, int indent) {
    const auto plain_line = [](std::string_view line) {
        return !line.ends_with(' ') && std::none_of(line.begin(), line.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F;
        });
    };
    const auto single = [](std::string_view line) {
        std::string quoted = "'";
        for (const char c : line) {
            quoted += c == '\'' ? std::string("''") : std::string(1, c);
        }
        return quoted + "'";
    };
    if (text.find('\n') == std::string_view::npos) {
        const bool quotes = text.find('"') != std::string_view::npos && plain_line(text);
        return quotes ? single(text) : yaml_quoted(text);
    }
    if (text.ends_with('\n') || text.starts_with(' ') || text.starts_with('\n')) {
        return yaml_quoted(text);
    }
    std::string block = "|-";
    for (std::string_view rest = text;;) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        if (!plain_line(line)) {
            return yaml_quoted(text);
        }
        block += fmt::format("\n{:{}}{}", "", line.empty() ? 0 : indent + 2, line);
        if (end == rest.size()) {
            return block;
        }
        rest.remove_prefix(end + 1);
    }
}

std::string yaml_block(const JsonTree& value, int indent) {
    const int inner = indent + 2;
    std::string text;
    for (const auto& [key, member] : value.members) {
        text += fmt::format("\n{:{}}{}:{}", "", inner, yaml_scalar(key), yaml_block(member, inner));
    }
    for (const JsonTree& item : value.items) {
        text += as_item(yaml_block(item, inner), inner);
    }
    switch (value.kind) {
        case JsonTree::Kind::Array:
            return text.empty() ? " []" : text;
        case JsonTree::Kind::Object:
            return text.empty() ? " {}" : text;
        case JsonTree::Kind::String:
            return " " + yaml_quoted(value.text);
        case JsonTree::Kind::Null:
            return " null";
        case JsonTree::Kind::Boolean:
        case JsonTree::Kind::Number:
            break;
    }
    return " " + value.text;
}

}  // namespace plimsoll::import
