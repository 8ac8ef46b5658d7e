// Private to the container probe: what stands in an API's document.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace plimsoll {

/// The value at a path of keys; null where a part of it is missing.
[[nodiscard]] const boost::json::value* at(const boost::json::value& from,
                                           std::initializer_list<std::string_view> path);
/// The text there; empty where there is none.
[[nodiscard]] std::string text(const boost::json::value& from,
                               std::initializer_list<std::string_view> path);

}  // namespace plimsoll
