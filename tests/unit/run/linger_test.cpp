#include "run/linger.hpp"

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(Linger, IsNothingWhereNothingScrapes) {
    EXPECT_EQ(linger_limit({}), 0s);
    EXPECT_EQ(linger_limit({1, false, {}}), 0s);  // a person had a look
}

TEST(Linger, HasRoomForTwoScrapesAndIsBounded) {
    EXPECT_EQ(linger_limit({1, true, {}}), 35s);  // the interval is not known yet
    EXPECT_GE(linger_limit({60, true, 1s}), 2s);
    EXPECT_LT(linger_limit({60, true, 1s}), 5s);
    EXPECT_GE(linger_limit({12, true, 5s}), 10s);
    EXPECT_GE(linger_limit({4, true, 15s}), 30s);
    EXPECT_EQ(linger_limit({4, true, 60s}), 35s);
    EXPECT_GE(linger_limit({4, false, 1s}), 2s);  // reads it again and again, whatever it is
}

TEST(Linger, EndsWithTheSecondScrapeAfterTheEnd) {
    const Scrapes at_end{7, true, 15s};
    EXPECT_FALSE(has_seen_the_end(at_end, at_end));
    EXPECT_FALSE(has_seen_the_end(at_end, {8, true, 15s}));
    EXPECT_TRUE(has_seen_the_end(at_end, {9, true, 15s}));
}

TEST(TooFewScrapes, AreFewerThanTenInARun) {
    EXPECT_EQ(too_few_scrapes({20, true, 1s}, 10s), std::nullopt);
    EXPECT_EQ(too_few_scrapes({2, false, 15s}, 10s), std::nullopt);
    EXPECT_EQ(too_few_scrapes({1, true, {}}, 10s), std::nullopt);
    EXPECT_THAT(too_few_scrapes({5, true, 15s}, 60s).value_or(""),
                testing::HasSubstr("lasted 60 s and was scraped every 15.0 s"));
}

}  // namespace
}  // namespace plimsoll
