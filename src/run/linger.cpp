#include "run/linger.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kLongest = 35s;
constexpr std::uint64_t kScrapesOfTheEnd = 2;
constexpr std::uint64_t kScrapesOfARun = 10;

}  // namespace

Nanoseconds linger_limit(const Scrapes& at_end) {
    if (at_end.count == 0 || (!at_end.by_scraper && at_end.count < 2)) {
        return {};
    }
    if (at_end.interval == Nanoseconds()) {
        return kLongest;
    }
    // Half an interval and a second for a scraper that is late.
    return std::min<Nanoseconds>(kLongest, at_end.interval * 5 / 2 + 1s);
}

bool has_seen_the_end(const Scrapes& at_end, const Scrapes& now) {
    return now.count >= at_end.count + kScrapesOfTheEnd;
}

std::optional<std::string> too_few_scrapes(const Scrapes& now, Nanoseconds length) {
    if (!now.by_scraper || now.interval == Nanoseconds() ||
        length >= now.interval * kScrapesOfARun) {
        return std::nullopt;
    }
    return fmt::format(
        "the run lasted {:.0f} s and was scraped every {:.1f} s: Prometheus saw fewer than {} "
        "points "
        "of it, too few for rates. Scrape at least every {:.1f} s, or run for longer than {:.0f} s",
        to_seconds(length), to_seconds(now.interval), kScrapesOfARun,
        to_seconds(length) / static_cast<double>(kScrapesOfARun),
        to_seconds(now.interval) * static_cast<double>(kScrapesOfARun));
}

}  // namespace plimsoll
