// Wall-clock times as dates of UTC, whatever the time zone of this machine.
#pragma once

#include "base/clock.hpp"

#include <ctime>

namespace plimsoll {

/// The date and time of day in UTC, for fmt's %Y, %H and so on: a time_point given to fmt itself
/// comes out in local time.
[[nodiscard]] inline std::tm utc_parts(WallClock::time_point at) {
    const std::time_t seconds = WallClock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return parts;
}

}  // namespace plimsoll
