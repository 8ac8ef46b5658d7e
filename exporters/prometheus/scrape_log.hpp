// Who reads the pull endpoint, and how often.
#pragma once

#include "base/clock.hpp"
#include "signal/capabilities.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Readers are told apart by how they ask. Two that ask alike, as replicas do, are one that comes
/// twice as often. Thread-safe.
class ScrapeLog {
public:
    /// More than so many readers are counted as the last of them.
    static constexpr std::size_t kMostReaders = 16;

    void add(Clock::time_point at, std::string_view reader, bool by_scraper);
    [[nodiscard]] ScrapesByReader scrapes() const;

private:
    struct Reader {
        std::string name;
        std::uint64_t count = 0;
        bool by_scraper = false;
        std::deque<Clock::time_point> latest = {};
    };

    mutable std::mutex mutex_;
    std::vector<Reader> readers_;
};

}  // namespace plimsoll
