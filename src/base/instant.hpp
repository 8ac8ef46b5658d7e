// Points in time as people write them.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string_view>

namespace plimsoll {

/// Reads RFC 3339 ("2026-01-31T12:00:00Z", "2026-01-31T13:00:00.250+01:00"), or seconds since 1970
/// ("1769860800", "1769860800.25"). Error: neither, no such date, or no offset from UTC: a time of
/// day means another instant on each machine. `where` is left to the caller.
[[nodiscard]] Result<WallClock::time_point> parse_instant(std::string_view text);

}  // namespace plimsoll
