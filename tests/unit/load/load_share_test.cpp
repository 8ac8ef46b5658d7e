#include "load/load_share.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kMany = 1000;

TEST(LoadShare, CoversEachNumberOnceWhateverTheShardsOfEachSegment) {
    const std::vector<std::uint64_t> shards_of{1, 4, 3};
    std::vector<int> taken(200, 0);
    for (std::uint64_t segment = 0; segment < shards_of.size(); ++segment) {
        const LoadShare part = LoadShare().part(segment, shards_of.size(), kMany);
        for (std::uint64_t shard = 0; shard < shards_of[segment]; ++shard) {
            const LoadShare own = part.part(shard, shards_of[segment], kMany);
            for (std::uint64_t i = 0; i < taken.size(); ++i) {
                taken[i] += own.contains(i) ? 1 : 0;
                EXPECT_TRUE(!own.contains(i) || i % 3 == segment);
            }
        }
    }
    EXPECT_EQ(taken, std::vector<int>(200, 1));
}

TEST(LoadShare, SplitsACountExactly) {
    for (std::uint64_t total = 0; total <= 40; ++total) {
        std::uint64_t sum = 0;
        for (std::uint64_t segment = 0; segment < 3; ++segment) {
            const LoadShare part = LoadShare().part(segment, 3, kMany);
            for (std::uint64_t shard = 0; shard < segment + 2; ++shard) {
                sum += part.part(shard, segment + 2, kMany).count_below(total);
            }
        }
        EXPECT_EQ(sum, total);
    }
}

TEST(LoadShare, GivesPartsWithoutAUserNothing) {
    // Two users among five segments: the arrivals all go to the two segments that have one.
    std::vector<int> taken(10, 0);
    for (std::uint64_t segment = 0; segment < 5; ++segment) {
        const LoadShare part = LoadShare().part(segment, 5, 2);
        EXPECT_EQ(part.empty(), segment >= 2);
        EXPECT_EQ(part.count_below(2), segment < 2 ? 1U : 0U);
        EXPECT_EQ(part.count_below(100), segment < 2 ? 50U : 0U);
        for (std::uint64_t i = 0; i < taken.size(); ++i) {
            taken[i] += part.contains(i) ? 1 : 0;
        }
    }
    EXPECT_EQ(taken, std::vector<int>(10, 1));
    EXPECT_TRUE(LoadShare().part(0, 5, 0).empty());
}

TEST(LoadShare, NumbersItsMembersInOrder) {
    const LoadShare own = LoadShare().part(1, 3, kMany).part(2, 4, kMany);
    EXPECT_EQ(own.number(0), 7U);  // 1, 4, 7: the third of segment 1
    EXPECT_EQ(own.number(2), 31U);
    EXPECT_EQ(own.count_below(8), 1U);
    EXPECT_EQ(own.count_below(7), 0U);
}

}  // namespace
}  // namespace plimsoll
