// Who reads the pull endpoint, and how often.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <deque>
#include <mutex>

namespace plimsoll {

/// What is known of the scrapes so far.
struct Scrapes {
    std::uint64_t count = 0;
    bool by_scraper = false;  // one said so, by the header that Prometheus and its kin send
    Nanoseconds interval{};   // between them: the middle one of the latest; 0 with fewer than two
};

/// Thread-safe.
class ScrapeLog {
public:
    void add(Clock::time_point at, bool by_scraper);
    [[nodiscard]] Scrapes scrapes() const;

private:
    mutable std::mutex mutex_;
    std::uint64_t count_ = 0;
    bool by_scraper_ = false;
    std::deque<Clock::time_point> latest_;
};

}  // namespace plimsoll
