// What a run is called.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string>

namespace plimsoll {

/// "20260101T120000Z-3fa9": sorts by time, unique enough for a folder name.
[[nodiscard]] std::string make_run_id(WallClock::time_point now);

/// Error: not 1 to 100 letters, digits, dots, dashes and underscores.
[[nodiscard]] Status check_run_id(const std::string& id, const char* flag);

/// Error: not key=value.
[[nodiscard]] Status check_tag(const std::string& tag);

}  // namespace plimsoll
