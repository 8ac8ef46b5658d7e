#include "run/linger.hpp"

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kNow{1000s};

Scrapes reader(std::uint64_t count, Nanoseconds interval, Nanoseconds ago = 0s) {
    return {count, true, interval, kNow - ago};
}
Nanoseconds limit(ScrapesByReader readers) {
    return Linger(std::move(readers), kNow).limit();
}

TEST(Linger, IsNothingWhereNothingScrapes) {
    EXPECT_EQ(limit({}), 0s);
    EXPECT_EQ(limit({{1, false, {}, kNow}}), 0s);  // a person had a look
}

TEST(Linger, HasRoomForTwoScrapesAndIsBounded) {
    EXPECT_EQ(limit({reader(1, {})}), 35s);  // the interval is not known yet
    EXPECT_GE(limit({reader(60, 1s)}), 2s);
    EXPECT_LT(limit({reader(60, 1s)}), 5s);
    EXPECT_GE(limit({reader(12, 5s)}), 10s);
    EXPECT_GE(limit({reader(4, 15s)}), 30s);
    EXPECT_EQ(limit({reader(4, 60s)}), 35s);
    EXPECT_GE(limit({{4, false, 1s, kNow}}), 2s);  // reads it again and again, whatever it is
}

TEST(Linger, EndsWithTheSecondScrapeAfterTheEnd) {
    const Linger end({reader(7, 15s)}, kNow);
    EXPECT_FALSE(end.has_been_seen({reader(7, 15s)}));
    EXPECT_FALSE(end.has_been_seen({reader(8, 15s)}));
    EXPECT_TRUE(end.has_been_seen({reader(9, 15s)}));
}

TEST(Linger, WaitsForEachReader) {
    const Linger end({reader(60, 1s), reader(4, 15s), {1, false, {}, kNow}}, kNow);
    EXPECT_GE(end.limit(), 30s);
    EXPECT_FALSE(end.has_been_seen({reader(80, 1s), reader(5, 15s), {1, false, {}, kNow}}));
    // Who comes first after the end is not waited for.
    EXPECT_TRUE(
        end.has_been_seen({reader(80, 1s), reader(6, 15s), {1, false, {}, kNow}, reader(1, {})}));
}

TEST(Linger, DoesNotWaitForOneThatLeftBefore) {
    const Linger end({reader(60, 1s), reader(4, 5s, 17s)}, kNow);
    EXPECT_LT(end.limit(), 5s);
    EXPECT_TRUE(end.has_been_seen({reader(62, 1s), reader(4, 5s)}));
    EXPECT_GE(limit({reader(60, 1s), reader(4, 5s, 15s)}), 10s);  // a little late
}

TEST(TooFewScrapes, AreFewerThanTenInARun) {
    const auto said = [](ScrapesByReader readers, Nanoseconds length) {
        return Linger(std::move(readers), kNow).too_few_scrapes(length);
    };
    EXPECT_EQ(said({reader(20, 1s)}, 10s), std::nullopt);
    EXPECT_EQ(said({{2, false, 15s, kNow}}, 10s), std::nullopt);
    EXPECT_EQ(said({reader(1, {})}, 10s), std::nullopt);
    EXPECT_THAT(said({reader(60, 1s), reader(5, 15s)}, 60s).value_or(""),
                testing::HasSubstr("lasted 60 s and was scraped every 15.0 s"));
}

}  // namespace
}  // namespace plimsoll
