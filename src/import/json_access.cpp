#include "import/json_access.hpp"

#include <algorithm>

#include <boost/json/parser.hpp>
#include <fmt/format.h>

namespace plimsoll::import {

namespace json = boost::json;

std::string_view without_mark(std::string_view text) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Error not_json(std::string_view text, std::size_t at, std::string_view what,
               const std::string& why) {
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return Error{fmt::format("must be {} in JSON, and is not JSON from line {} on: {}", what, line,
                             why.empty() ? "it goes on after its end" : why),
                 {},
                 {}};
}

Result<json::value> parse_json(std::string_view text, std::string_view what) {
    text = without_mark(text);
    json::parse_options options;
    options.max_depth = kDeepestJson;
    json::parser parser({}, options);
    boost::system::error_code failed;
    const std::size_t read = parser.write_some(text.data(), text.size(), failed);
    if (failed || !is_blank(text.substr(read))) {
        return not_json(text, read, what, failed ? failed.message() : std::string());
    }
    return parser.release();
}

std::string text_at(const json::value* value) {
    const auto* const string = value != nullptr ? value->if_string() : nullptr;
    return string != nullptr ? std::string(*string) : std::string();
}

const json::array& items_at(const json::value* value) {
    static const json::array kNone;
    const auto* const array = value != nullptr ? value->if_array() : nullptr;
    return array != nullptr ? *array : kNone;
}

std::optional<double> number_at(const json::value* value) {
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    boost::system::error_code failed;
    const double number = value->to_number<double>(failed);
    return failed ? std::nullopt : std::optional(number);
}

bool true_at(const json::value* value) {
    const bool* const flag = value != nullptr ? value->if_bool() : nullptr;
    return flag != nullptr && *flag;
}

}  // namespace plimsoll::import
