#include "ui/feed.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Feed, KnowsNoIdsOfAnotherProcess) {
    Feed feed;
    feed.publish("tick", "{}");
    for (const char* const id : {"", "1", "deadbeef-1", "deadbeef-", "-1"}) {
        EXPECT_FALSE(feed.knows(id)) << id;
    }
}

TEST(Feed, HoldsNoMoreThanItsBounds) {
    Feed feed;
    const std::string large(std::size_t{1} << 20U, 'x');
    for (int i = 0; i < 100; ++i) {
        feed.publish("tick", large);
    }
    // 4 MiB of messages of 1 MiB and a little: three of them.
    EXPECT_EQ(feed.kept(), 3U);
    for (int i = 0; i < 1000; ++i) {
        feed.publish("tick", "{}");
    }
    EXPECT_EQ(feed.kept(), Feed::kMostKept);
}

TEST(Feed, IsWantedByNobodyBeforeAnybodyCame) {
    Feed feed;
    EXPECT_FALSE(feed.wanted(Clock::now()));
    EXPECT_EQ(feed.viewers(), 0U);
    EXPECT_FALSE(feed.is_full());
}

}  // namespace
}  // namespace plimsoll
