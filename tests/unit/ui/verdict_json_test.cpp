#include "ui/verdict_json.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

ThresholdResult result(Comparison comparison, double limit, std::optional<double> value) {
    ThresholdResult made;
    made.threshold.comparison = comparison;
    made.threshold.limit = limit;
    made.value = value;
    return made;
}

TEST(Margin, IsTheShareOfTheLimitThatIsFree) {
    EXPECT_DOUBLE_EQ(*margin_of(result(Comparison::Less, 0.5, 0.2)), 0.6);
    EXPECT_DOUBLE_EQ(*margin_of(result(Comparison::LessEqual, 0.5, 0.75)), -0.5);
    EXPECT_DOUBLE_EQ(*margin_of(result(Comparison::Greater, 100, 150)), 0.5);
    EXPECT_DOUBLE_EQ(*margin_of(result(Comparison::GreaterEqual, 100, 80)), -0.2);
}

TEST(Margin, IsNotKnownWithoutAValueOrALimit) {
    EXPECT_FALSE(margin_of(result(Comparison::Less, 0.5, std::nullopt)));
    EXPECT_FALSE(margin_of(result(Comparison::Less, 0, 3)));
}

}  // namespace
}  // namespace plimsoll
