// Writes JSON so that it reads back exactly and reads well.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace plimsoll::report {

/// Texts and keys come from outside: each is written as clean_text makes it. Two-space indentation;
/// an array without objects inside stays on one line. Doubles are written with the fewest digits
/// that read back to the same value ("60.0", "0.21"), NaN and infinities as null. Ends with a
/// newline.
[[nodiscard]] std::string pretty_json(const boost::json::value& value);

/// Null where there is none.
[[nodiscard]] inline boost::json::value number_or_null(std::optional<double> number) {
    return number ? boost::json::value(*number) : boost::json::value(nullptr);
}

[[nodiscard]] boost::json::array texts_of(const std::vector<std::string>& texts);

/// On one line, without spaces, and safe inside an HTML script element: "<", ">" and "&" appear
/// only as \u escapes. Whole doubles have no ".0".
[[nodiscard]] std::string script_json(const boost::json::value& value);

}  // namespace plimsoll::report
