#include "exporters/prometheus/scrape_log.hpp"

#include <algorithm>
#include <vector>

namespace plimsoll {

void ScrapeLog::add(Clock::time_point at, bool by_scraper) {
    constexpr std::size_t kKept = 10;
    const std::lock_guard lock(mutex_);
    ++count_;
    by_scraper_ = by_scraper_ || by_scraper;
    latest_.push_back(at);
    if (latest_.size() > kKept) {
        latest_.pop_front();
    }
}

Scrapes ScrapeLog::scrapes() const {
    const std::lock_guard lock(mutex_);
    Scrapes out{count_, by_scraper_, {}};
    std::vector<Nanoseconds> between;
    for (std::size_t i = 1; i < latest_.size(); ++i) {
        between.push_back(latest_[i] - latest_[i - 1]);
    }
    if (!between.empty()) {
        const auto middle = between.begin() + static_cast<std::ptrdiff_t>(between.size() / 2);
        std::nth_element(between.begin(), middle, between.end());
        out.interval = *middle;
    }
    return out;
}

}  // namespace plimsoll
