// Values as YAML that reads back the same.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// A scalar for a block mapping's value: plain where that is safe, else in double quotes.
[[nodiscard]] std::string yaml_scalar(std::string_view text);
/// Always in double quotes.
[[nodiscard]] std::string yaml_quoted(std::string_view text);
/// JSON in block style as the value of a key that stands at `indent`: begins with a line break, or
/// with a blank where it fits on the key's line. Strings are quoted, so that they stay strings.
[[nodiscard]] std::string yaml_block(const boost::json::value& value, int indent);

}  // namespace plimsoll::import
