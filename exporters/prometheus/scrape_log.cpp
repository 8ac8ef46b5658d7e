#include "exporters/prometheus/scrape_log.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

Nanoseconds middle_interval(const std::deque<Clock::time_point>& times) {
    std::vector<Nanoseconds> between;
    for (std::size_t i = 1; i < times.size(); ++i) {
        between.push_back(times[i] - times[i - 1]);
    }
    if (between.empty()) {
        return {};
    }
    const auto middle = between.begin() + static_cast<std::ptrdiff_t>(between.size() / 2);
    std::nth_element(between.begin(), middle, between.end());
    return *middle;
}

}  // namespace

void ScrapeLog::add(Clock::time_point at, std::string_view reader, bool by_scraper) {
    constexpr std::size_t kKept = 10;
    const std::lock_guard lock(mutex_);
    auto found = std::find_if(readers_.begin(), readers_.end(),
                              [&](const Reader& each) { return each.name == reader; });
    if (found == readers_.end()) {
        if (readers_.size() < kMostReaders) {
            readers_.push_back({std::string(reader)});
        }
        found = readers_.end() - 1;
    }
    ++found->count;
    found->by_scraper = found->by_scraper || by_scraper;
    found->latest.push_back(at);
    if (found->latest.size() > kKept) {
        found->latest.pop_front();
    }
}

ScrapesByReader ScrapeLog::scrapes() const {
    const std::lock_guard lock(mutex_);
    ScrapesByReader out;
    for (const Reader& each : readers_) {
        out.push_back(
            {each.count, each.by_scraper, middle_interval(each.latest), each.latest.back()});
    }
    return out;
}

}  // namespace plimsoll
