#include "report/downsample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

Columns ramp(std::size_t rows) {
    Columns columns;
    columns.y.resize(1);
    for (std::size_t i = 0; i < rows; ++i) {
        columns.x.push_back(static_cast<double>(i));
        columns.y[0].push_back(static_cast<double>(i % 7));
    }
    return columns;
}

TEST(Downsample, LeavesWhatIsShortAsItIs) {
    const auto small = downsample(ramp(20), 10);
    EXPECT_EQ(small.x, ramp(20).x);
    EXPECT_EQ(small.y, ramp(20).y);
}

TEST(Downsample, KeepsASpikeOfOneRowAmongHours) {
    auto columns = ramp(100'000);
    columns.y[0][54'321] = 1e6;
    columns.y[0][77'777] = -1e6;
    const auto small = downsample(std::move(columns), 600);
    EXPECT_LE(small.x.size(), 1200U);
    EXPECT_EQ(*std::max_element(small.y[0].begin(), small.y[0].end()), 1e6);
    EXPECT_EQ(*std::min_element(small.y[0].begin(), small.y[0].end()), -1e6);
    // At most one bucket away from where it was: 100,000 / 600 = 167 rows.
    const auto spike = std::max_element(small.y[0].begin(), small.y[0].end()) - small.y[0].begin();
    EXPECT_NEAR(small.x[static_cast<std::size_t>(spike)], 54'321, 167);
}

TEST(Downsample, KeepsTheOrderOfExtremes) {
    Columns columns{{0, 1, 2, 3, 4, 5}, {{9, 5, 1, 1, 5, 9}}};
    const auto small = downsample(std::move(columns), 2);
    EXPECT_EQ(small.x, (std::vector<double>{0, 2, 3, 5}));
    EXPECT_EQ(small.y[0], (std::vector<double>{9, 1, 1, 9}));
}

TEST(Downsample, KeepsAGapAGap) {
    Columns columns{{0, 1, 2, 3, 4, 5},
                    {{1, 2, 3, kNone, kNone, kNone}, {kNone, 7, kNone, 1, 2, 3}}};
    const auto small = downsample(std::move(columns), 2);
    EXPECT_EQ(small.y[0][0], 1);
    EXPECT_EQ(small.y[0][1], 3);
    EXPECT_TRUE(std::isnan(small.y[0][2]));
    EXPECT_TRUE(std::isnan(small.y[0][3]));
    EXPECT_EQ(small.y[1][0], 7);
    EXPECT_EQ(small.y[1][1], 7);
}

TEST(Downsample, ToleratesNoRowsAndOneMoment) {
    EXPECT_TRUE(downsample({}, 10).x.empty());
    Columns same{{5, 5, 5, 5, 5}, {{1, 2, 3, 4, 5}}};
    const auto small = downsample(std::move(same), 2);
    EXPECT_EQ(small.y[0], (std::vector<double>{1, 5}));
}

TEST(Average, GivesTheMeanOfEachStretch) {
    Columns columns{{0, 1, 2, 3, 4, 5}, {{1, 2, 6, 10, kNone, 20}, {kNone, kNone, kNone, 1, 1, 1}}};
    const auto small = average(std::move(columns), 2);
    EXPECT_EQ(small.x, (std::vector<double>{1, 4}));
    EXPECT_EQ(small.y[0], (std::vector<double>{3, 15}));
    EXPECT_TRUE(std::isnan(small.y[1][0]));
    EXPECT_EQ(small.y[1][1], 1);
}

}  // namespace
}  // namespace plimsoll::report
