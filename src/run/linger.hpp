// How long the metrics endpoint outlives the load.
#pragma once

#include "base/clock.hpp"
#include "signal/capabilities.hpp"

#include <optional>
#include <string>

namespace plimsoll {

/// Where nobody said how long: not at all when nothing scrapes, else until two scrapes have come,
/// and no longer than 35 s, which is two of Prometheus's usual 15 s and a little. A single look by
/// something that does not say it is a scraper counts for nothing.
[[nodiscard]] Nanoseconds linger_limit(const Scrapes& at_end);
[[nodiscard]] bool has_seen_the_end(const Scrapes& at_end, const Scrapes& now);

/// What to tell the user when `now`'s interval is too long for a run of this length to be seen in
/// ten scrapes.
[[nodiscard]] std::optional<std::string> too_few_scrapes(const Scrapes& now, Nanoseconds length);

}  // namespace plimsoll
