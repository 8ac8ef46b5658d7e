#include "run/linger.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kLongest = 35s;
constexpr std::uint64_t kScrapesOfTheEnd = 2;
constexpr std::uint64_t kScrapesOfARun = 10;

}  // namespace

Linger::Linger(ScrapesByReader at_end, Clock::time_point now)
    : at_end_(std::move(at_end)), now_(now) {}

bool Linger::waits_for(const Scrapes& reader) const {
    if (!reader.by_scraper && reader.count < 2) {
        return false;
    }
    return reader.interval == Nanoseconds() || now_ - reader.latest <= reader.interval * 3 + 1s;
}

Nanoseconds Linger::limit() const {
    Nanoseconds out{};
    for (const Scrapes& reader : at_end_) {
        if (waits_for(reader)) {
            // Half an interval and a second for a scraper that is late.
            out = std::max(
                out, reader.interval == Nanoseconds() ? kLongest : reader.interval * 5 / 2 + 1s);
        }
    }
    return std::min(out, kLongest);
}

bool Linger::has_been_seen(const ScrapesByReader& scrapes) const {
    for (std::size_t i = 0; i < std::min(at_end_.size(), scrapes.size()); ++i) {
        if (waits_for(at_end_[i]) && scrapes[i].count < at_end_[i].count + kScrapesOfTheEnd) {
            return false;
        }
    }
    return true;
}

std::optional<std::string> Linger::too_few_scrapes(Nanoseconds length) const {
    Nanoseconds interval{};
    for (const Scrapes& reader : at_end_) {
        if (reader.by_scraper && waits_for(reader)) {
            interval = std::max(interval, reader.interval);
        }
    }
    if (length >= interval * kScrapesOfARun) {
        return std::nullopt;
    }
    return fmt::format(
        "the run lasted {:.0f} s and was scraped every {:.1f} s: Prometheus saw fewer than {} "
        "points of it, too few for rates. Scrape at least every {:.1f} s, or run for longer than "
        "{:.0f} s",
        to_seconds(length), to_seconds(interval), kScrapesOfARun,
        to_seconds(length) / static_cast<double>(kScrapesOfARun),
        to_seconds(interval) * static_cast<double>(kScrapesOfARun));
}

}  // namespace plimsoll
