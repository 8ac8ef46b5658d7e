#include "ui/tick_figures.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(TickFigures, TellNoRateFromASliverOfATick) {
    EXPECT_DOUBLE_EQ(rate_of(30, 1, 1), 30);
    EXPECT_DOUBLE_EQ(rate_of(30, 0.25, 1), 120);
    EXPECT_TRUE(std::isnan(rate_of(3, 0.003, 1)));  // not 1,000/s
    EXPECT_TRUE(std::isnan(rate_of(0, 0, 1)));
}

}  // namespace
}  // namespace plimsoll
