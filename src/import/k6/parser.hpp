// JavaScript as load scripts use it (ES2020 without generators and getters) to a tree.
#pragma once

#include "base/result.hpp"
#include "import/k6/lexer.hpp"
#include "import/script/node.hpp"

#include <string_view>

namespace plimsoll::import::k6 {

/// A Block of the file's statements. Error: it does not follow the grammar, or nests deeper than
/// script::kDeepest; `where` holds line and column.
[[nodiscard]] Result<script::NodePtr> parse_javascript(std::string_view text);

}  // namespace plimsoll::import::k6
