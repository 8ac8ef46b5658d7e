// Who reads the pull endpoint, and how often.
#pragma once

#include "base/clock.hpp"
#include "signal/capabilities.hpp"

#include <cstdint>
#include <deque>
#include <mutex>

namespace plimsoll {

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
