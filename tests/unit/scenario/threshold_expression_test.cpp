#include "scenario/threshold_expression.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

Threshold of(ThresholdMetric metric) {
    Threshold threshold;
    threshold.metric = metric;
    return threshold;
}

TEST(ThresholdExpression, ReadsStatisticComparisonAndLimit) {
    const struct {
        ThresholdMetric metric;
        const char* text;
        Statistic statistic;
        double quantile;
        Comparison comparison;
        double limit;
    } rows[] = {
        {ThresholdMetric::ResponseTime, "p(95)<500ms", Statistic::Quantile, 0.95, Comparison::Less,
         0.5},
        {ThresholdMetric::ResponseTime, " p( 99.9 ) <= 1m30s ", Statistic::Quantile, 0.999,
         Comparison::LessEqual, 90},
        {ThresholdMetric::ResponseTime, "p(0)>1us", Statistic::Quantile, 0, Comparison::Greater,
         1e-6},
        {ThresholdMetric::ServiceTime, "p(100)<1s", Statistic::Quantile, 1, Comparison::Less, 1},
        {ThresholdMetric::ServiceTime, "avg<20ms", Statistic::Avg, 0, Comparison::Less, 0.02},
        {ThresholdMetric::ServiceTime, "min>=0s", Statistic::Min, 0, Comparison::GreaterEqual, 0},
        {ThresholdMetric::ServiceTime, "med<1s", Statistic::Med, 0, Comparison::Less, 1},
        {ThresholdMetric::ServiceTime, "max<1s", Statistic::Max, 0, Comparison::Less, 1},
        {ThresholdMetric::Failed, "rate<1%", Statistic::Rate, 0, Comparison::Less, 0.01},
        {ThresholdMetric::Failed, "rate<0.01", Statistic::Rate, 0, Comparison::Less, 0.01},
        {ThresholdMetric::Failed, "rate<=0", Statistic::Rate, 0, Comparison::LessEqual, 0},
        {ThresholdMetric::Failed, "rate < 100 %", Statistic::Rate, 0, Comparison::Less, 1},
        {ThresholdMetric::Requests, "count>1000", Statistic::Count, 0, Comparison::Greater, 1000},
        {ThresholdMetric::Requests, "rate>=600/m", Statistic::Rate, 0, Comparison::GreaterEqual,
         10},
        {ThresholdMetric::Dropped, "count<100", Statistic::Count, 0, Comparison::Less, 100},
        {ThresholdMetric::Dropped, "rate<0.5/s", Statistic::Rate, 0, Comparison::Less, 0.5},
    };
    for (const auto& row : rows) {
        Threshold threshold = of(row.metric);
        const Status status = parse_threshold(row.text, threshold);
        ASSERT_TRUE(status.ok()) << row.text << ": " << status.error().what;
        EXPECT_EQ(threshold.expression, row.text);
        EXPECT_EQ(threshold.statistic, row.statistic) << row.text;
        EXPECT_DOUBLE_EQ(threshold.quantile, row.quantile) << row.text;
        EXPECT_EQ(threshold.comparison, row.comparison) << row.text;
        EXPECT_DOUBLE_EQ(threshold.limit, row.limit) << row.text;
    }
}

TEST(ThresholdExpression, LeavesTheThresholdAloneOnError) {
    Threshold threshold = of(ThresholdMetric::Failed);
    threshold.limit = 7;
    EXPECT_FALSE(parse_threshold("rate<nan", threshold).ok());
    EXPECT_FALSE(parse_threshold("rate<inf%", threshold).ok());
    EXPECT_FALSE(parse_threshold("rate<-1%", threshold).ok());
    EXPECT_FALSE(parse_threshold("rate<>1%", threshold).ok());
    EXPECT_FALSE(parse_threshold("rate<1% and more", threshold).ok());
    EXPECT_EQ(threshold.limit, 7);
    EXPECT_TRUE(threshold.expression.empty());
}

TEST(ThresholdExpression, TellsK6UsersHowToWriteMilliseconds) {
    Threshold threshold = of(ThresholdMetric::ResponseTime);
    const Status status = parse_threshold("p(95)<500", threshold);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().what, "the limit must have a unit, got \"500\"");
    EXPECT_EQ(status.error().hint, "k6 counts in milliseconds; write p(95)<500ms");
}

}  // namespace
}  // namespace plimsoll
