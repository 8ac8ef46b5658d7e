// Applications for the lab, described in a JSON file: tables, routes, pool, faults.
#pragma once

#include "base/result.hpp"
#include "lab/lab.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// Reads a profile (docs/lab.md) into the application, pool, hold and faults of `options`.
/// Error: unreadable, not JSON, or an entry that is not as it should be, named as
/// "FILE: routes[2].params[0]".
[[nodiscard]] Status read_profile(const std::string& file, LabOptions& options);

/// The same from text; `where` names it in errors.
[[nodiscard]] Status read_profile_text(std::string_view text, const std::string& where,
                                       LabOptions& options);

}  // namespace plimsoll
