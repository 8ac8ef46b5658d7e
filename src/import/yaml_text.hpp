// Values as YAML that reads back the same.
#pragma once

#include "import/json_tree.hpp"

#include <string>
#include <string_view>

namespace plimsoll::import {

/// A scalar for a block mapping's value: plain where that is safe, else in double quotes.
[[nodiscard]] std::string yaml_scalar(std::string_view text);
/// Always in double quotes.
[[nodiscard]] std::string yaml_quoted(std::string_view text);
/// Text as the value of a key that stands at `indent`: lines as lines where they can be read so,
/// else in quotes.
[[nodiscard]] std::string yaml_text(std::string_view text, int indent);
/// JSON in block style as the value of a key that stands at `indent`: begins with a line break, or
/// with a blank where it fits on the key's line. Strings are quoted, so that they stay strings.
[[nodiscard]] std::string yaml_block(const JsonTree& value, int indent);

}  // namespace plimsoll::import
