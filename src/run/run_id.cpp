#include "run/run_id.hpp"

#include "base/utc.hpp"

#include <algorithm>
#include <cctype>
#include <random>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace plimsoll {

std::string make_run_id(WallClock::time_point now) {
    std::random_device entropy;
    return fmt::format("{:%Y%m%dT%H%M%S}Z-{:04x}", utc_parts(now), entropy() & 0xffffU);
}

Status check_run_id(const std::string& id, const char* flag) {
    constexpr std::size_t kLongest = 100;
    const bool good =
        !id.empty() && id.size() <= kLongest &&
        std::all_of(id.begin(), id.end(), [](unsigned char c) {
            return c < 0x80 && (std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_');
        });
    return good ? Status()
                : Error{"must be 1 to 100 letters, digits, dots, dashes and underscores", flag,
                        "e.g. --run-id nightly-42"};
}

Status check_tag(const std::string& tag) {
    return tag.find('=') == std::string::npos || tag.starts_with('=')
               ? Error{fmt::format("must be key=value, got \"{}\"", tag), "--tag"}
               : Status();
}

}  // namespace plimsoll
