#include "base/last_chunk.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(IsPartOfLastChunk, HoldsForEachBeginOfAnEmptyLastChunkButNotForAllOfIt) {
    constexpr std::string_view kLast = "0\r\n\r\n";
    for (std::size_t cut = 1; cut < kLast.size(); ++cut) {
        EXPECT_TRUE(is_part_of_last_chunk(kLast.substr(0, cut))) << cut;
    }
    EXPECT_FALSE(is_part_of_last_chunk(kLast));
    EXPECT_FALSE(is_part_of_last_chunk(""));
    EXPECT_FALSE(is_part_of_last_chunk("5\r\n"));
}

}  // namespace
}  // namespace plimsoll
