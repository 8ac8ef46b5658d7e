#include "import/json_access.hpp"

#include <algorithm>

#include <boost/json/parser.hpp>
#include <fmt/format.h>

namespace plimsoll::import {

namespace json = boost::json;

Result<json::value> parse_json(std::string_view text, std::string_view what) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";  // some editors put it first
    if (text.starts_with(kMark)) {
        text.remove_prefix(kMark.size());
    }
    json::parse_options options;
    options.max_depth = 200;
    json::parser parser({}, options);
    boost::system::error_code failed;
    const std::size_t read = parser.write_some(text.data(), text.size(), failed);
    const std::string_view rest = text.substr(read);
    const bool more = rest.find_first_not_of(" \t\r\n") != std::string_view::npos;
    if (failed || more) {
        const auto line =
            1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n');
        return Error{fmt::format("must be {} in JSON, and is not JSON from line {} on: {}", what,
                                 line, failed ? failed.message() : "it goes on after its end"),
                     {},
                     {}};
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
