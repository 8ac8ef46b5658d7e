#include "exporters/prometheus/scrape_log.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(ScrapeLog, KnowsTheMiddleOfTheLatestIntervals) {
    ScrapeLog log;
    EXPECT_TRUE(log.scrapes().empty());
    Clock::time_point at(100s);
    log.add(at, "a", false);
    EXPECT_EQ(log.scrapes().at(0).interval, 0s);
    log.add(at += 60s, "a", false);  // long ago
    for (int i = 0; i < 9; ++i) {
        log.add(at += (i == 4 ? 9s : 5s), "a", i == 8);
        EXPECT_EQ(log.scrapes().at(0).by_scraper, i == 8);
    }
    EXPECT_EQ(log.scrapes().at(0).count, 11U);
    EXPECT_EQ(log.scrapes().at(0).interval, 5s);
    EXPECT_EQ(log.scrapes().at(0).latest, at);
}

TEST(ScrapeLog, TellsReadersApart) {
    ScrapeLog log;
    const Clock::time_point start(100s);
    for (int second = 0; second < 31; ++second) {
        log.add(start + second * 1s, "fast", true);
        if (second % 15 == 7) {
            log.add(start + second * 1s, "slow", true);
        }
    }
    const ScrapesByReader seen = log.scrapes();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].count, 31U);
    EXPECT_EQ(seen[0].interval, 1s);
    EXPECT_EQ(seen[1].count, 2U);
    EXPECT_EQ(seen[1].interval, 15s);
}

TEST(ScrapeLog, KeepsABoundedNumberOfReaders) {
    ScrapeLog log;
    for (int i = 0; i < 1000; ++i) {
        log.add(Clock::time_point(1s), std::to_string(i), false);
    }
    EXPECT_EQ(log.scrapes().size(), ScrapeLog::kMostReaders);
    EXPECT_EQ(log.scrapes().back().count, 1000 - ScrapeLog::kMostReaders + 1);
}

}  // namespace
}  // namespace plimsoll
