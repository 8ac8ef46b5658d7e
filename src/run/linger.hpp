// How long the metrics endpoint outlives the load.
#pragma once

#include "base/clock.hpp"
#include "signal/capabilities.hpp"

#include <optional>
#include <string>

namespace plimsoll {

/// Where nobody said how long: not at all when nothing scrapes, else until each reader has come
/// twice, and no longer than 35 s, which is two of Prometheus's usual 15 s and a little. A single
/// look by something that does not say it is a scraper counts for nothing, and so does a reader who
/// at the load's end (`now`) has missed three of its own intervals.
class Linger {
public:
    Linger(ScrapesByReader at_end, Clock::time_point now);

    /// From `now` on.
    [[nodiscard]] Nanoseconds limit() const;
    [[nodiscard]] bool has_been_seen(const ScrapesByReader& scrapes) const;
    /// What to tell the user where somebody's interval is too long for a run of this length to be
    /// seen in ten scrapes.
    [[nodiscard]] std::optional<std::string> too_few_scrapes(Nanoseconds length) const;

private:
    [[nodiscard]] bool waits_for(const Scrapes& reader) const;

    ScrapesByReader at_end_;
    Clock::time_point now_;
};

}  // namespace plimsoll
