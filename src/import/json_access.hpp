// Reading JSON that others wrote: what is missing or of another type is simply not there.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace plimsoll::import {

/// Levels of arrays and objects.
inline constexpr std::size_t kDeepestJson = 200;

/// Without the byte order mark that some editors put first.
[[nodiscard]] std::string_view without_mark(std::string_view text);
[[nodiscard]] bool is_blank(std::string_view text);
/// That `text` ends being JSON at this byte.
[[nodiscard]] Error not_json(std::string_view text, std::size_t at, std::string_view what,
                             const std::string& why);

/// Error: what is wrong and at which line; never with the text itself.
[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text, std::string_view what);

/// The member at a path of keys; nullptr where one is missing.
template <typename... Keys>
[[nodiscard]] const boost::json::value* find(const boost::json::value* value, Keys... keys) {
    const auto step = [&value](std::string_view key) {
        const auto* const object = value != nullptr ? value->if_object() : nullptr;
        value = object != nullptr ? object->if_contains(key) : nullptr;
    };
    (step(keys), ...);
    return value;
}
/// Its text; "" where there is none.
[[nodiscard]] std::string text_at(const boost::json::value* value);
template <typename... Keys>
[[nodiscard]] std::string text_at(const boost::json::value* value, Keys... keys) {
    return text_at(find(value, keys...));
}
/// Its items; empty where there are none.
[[nodiscard]] const boost::json::array& items_at(const boost::json::value* value);
template <typename... Keys>
[[nodiscard]] const boost::json::array& items_at(const boost::json::value* value, Keys... keys) {
    return items_at(find(value, keys...));
}
[[nodiscard]] std::optional<double> number_at(const boost::json::value* value);
template <typename... Keys>
[[nodiscard]] std::optional<double> number_at(const boost::json::value* value, Keys... keys) {
    return number_at(find(value, keys...));
}
[[nodiscard]] bool true_at(const boost::json::value* value);

}  // namespace plimsoll::import
