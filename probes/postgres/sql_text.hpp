// SQL texts from a server, made fit to be kept and compared.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll {

/// A longer text tells people nothing more about which statement it is.
inline constexpr std::size_t kShownSql = 200;

/// `sql` on one line with every literal replaced by ?: numbers, quoted strings (also one that the
/// server cut off) and dollar-quoted ones. Names, "quoted names" and parameters such as $1 stay. So
/// a statement is the same text whatever its values, and no value of the application's data gets
/// into a run file. At most kShownSql bytes, never cut inside a UTF-8 character.
[[nodiscard]] std::string fold_literals(std::string_view sql);

/// A role or table name as SQL wants it: web, "side-eye".
[[nodiscard]] std::string quote_name(std::string_view name);

}  // namespace plimsoll
