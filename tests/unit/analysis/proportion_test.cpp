#include "analysis/proportion.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(WilsonInterval, HoldsThePublishedFiguresOfARareError) {
    // 52 failures in 66,350 requests: 0.078 %, 95 % interval 0.060 to 0.103 % (R: prop.test without
    // correction).
    const auto [low, high] = wilson_interval(52, 66350);
    EXPECT_NEAR(low, 0.000598, 0.000001);
    EXPECT_NEAR(high, 0.001028, 0.000001);
}

TEST(WilsonInterval, SaysSomethingWhereNothingWasSeen) {
    // 0 of 100: z² / (n + z²)
    const auto [low, high] = wilson_interval(0, 100);
    EXPECT_DOUBLE_EQ(low, 0);
    EXPECT_NEAR(high, 3.8414 / 103.8414, 1e-5);
    EXPECT_EQ(wilson_interval(0, 0)[1], 1);
}

TEST(WilsonInterval, EndsAtNothingAndAtAllWithoutARest) {
    for (const double n : {1.0, 7.0, 53.0, 341.0, 4987.0}) {
        EXPECT_EQ(wilson_interval(0, n, 1.959964)[0], 0) << n;
        EXPECT_EQ(wilson_interval(n, n, 1.959964)[1], 1) << n;
    }
}

}  // namespace
}  // namespace plimsoll
