#include "exporters/prometheus/scrape_log.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(ScrapeLog, KnowsTheMiddleOfTheLatestIntervals) {
    ScrapeLog log;
    EXPECT_EQ(log.scrapes().count, 0U);
    Clock::time_point at(100s);
    log.add(at, false);
    EXPECT_EQ(log.scrapes().interval, 0s);
    log.add(at += 60s, false);  // long ago
    for (int i = 0; i < 9; ++i) {
        log.add(at += (i == 4 ? 9s : 5s), i == 8);
        EXPECT_EQ(log.scrapes().by_scraper, i == 8);
    }
    EXPECT_EQ(log.scrapes().count, 11U);
    EXPECT_EQ(log.scrapes().interval, 5s);
}

}  // namespace
}  // namespace plimsoll
