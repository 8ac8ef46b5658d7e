#include "analysis/thresholds.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::milliseconds;

class Judge : public ::testing::Test {
protected:
    Judge() {
        info_.endpoints = {
            {"reader", "/a", "GET"}, {"writer", "/a", "POST"}, {"reader", "/b", "GET"}};
        total_.resize(3);
        // /a GET: 10, 20 ... 100 ms; /a POST: one of 500 ms that failed; /b: nothing.
        for (int i = 1; i <= 10; ++i) {
            add(0, 10 * i, Outcome::Ok);
        }
        add(1, 500, Outcome::Http5xx);
        counts_.not_sent_user_cap = 3;
        counts_.not_sent_generator = 2;
    }

    void add(EndpointId endpoint, int ms, Outcome outcome) {
        Sample sample;
        sample.due = Clock::time_point{} + std::chrono::seconds(9);
        sample.sent = sample.due + milliseconds(1);
        sample.completed = sample.due + milliseconds(ms);
        sample.outcome = outcome;
        total_[endpoint].record(sample);
    }

    std::optional<double> value(ThresholdMetric metric, Statistic statistic, double quantile = 0,
                                std::string endpoint = {}) {
        Threshold threshold;
        threshold.metric = metric;
        threshold.statistic = statistic;
        threshold.quantile = quantile;
        threshold.endpoint = std::move(endpoint);
        return judge(threshold, info_, total_, counts_, 5).value;
    }

    bool holds(Comparison comparison, double limit) {
        Threshold threshold;
        threshold.metric = ThresholdMetric::Requests;
        threshold.statistic = Statistic::Count;  // 11
        threshold.comparison = comparison;
        threshold.limit = limit;
        return judge(threshold, info_, total_, counts_, 5).ok;
    }

    RunInfo info_;
    std::vector<EndpointStats> total_;
    LoadCounts counts_;
};

TEST_F(Judge, ComputesEveryStatisticOfResponseTime) {
    const auto time = [&](Statistic s, double q = 0) {
        return value(ThresholdMetric::ResponseTime, s, q).value();
    };
    EXPECT_DOUBLE_EQ(time(Statistic::Avg), 1.05 / 11);  // (0.55 + 0.5) / 11
    EXPECT_DOUBLE_EQ(time(Statistic::Min), 0.010);
    EXPECT_DOUBLE_EQ(time(Statistic::Max), 0.500);
    EXPECT_NEAR(time(Statistic::Med), 0.060, 0.060 / 256);            // 6th of 11
    EXPECT_NEAR(time(Statistic::Quantile, 0.9), 0.100, 0.100 / 256);  // 10th of 11
    EXPECT_DOUBLE_EQ(time(Statistic::Quantile, 1), 0.500);
    EXPECT_DOUBLE_EQ(time(Statistic::Count), 11);
}

TEST_F(Judge, MeasuresServiceFromTheSendOn) {
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::ServiceTime, Statistic::Max).value(), 0.499);
}

TEST_F(Judge, CountsFailuresOverRequests) {
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Failed, Statistic::Rate).value(), 1.0 / 11);
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Failed, Statistic::Count).value(), 1);
}

TEST_F(Judge, GivesRequestsAndDropsAsCountAndPerSecond) {
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Requests, Statistic::Count).value(), 11);
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Requests, Statistic::Rate).value(), 2.2);
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Dropped, Statistic::Count).value(), 5);
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Dropped, Statistic::Rate).value(), 1);
}

TEST_F(Judge, TakesEveryEndpointOfThatNameAndNoOther) {
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Requests, Statistic::Count, 0, "/a").value(), 11);
    EXPECT_DOUBLE_EQ(value(ThresholdMetric::Requests, Statistic::Count, 0, "/b").value(), 0);
}

TEST_F(Judge, DoesNotPassWhereThereIsNothingToJudge) {
    Threshold threshold;
    threshold.endpoint = "/b";
    threshold.limit = 0.001;
    const ThresholdResult result = judge(threshold, info_, total_, counts_, 5);
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.state, GateState::NoSample);
    EXPECT_EQ(result.why, "nothing to judge: no such request of \"/b\" was made");
    EXPECT_FALSE(result.value.has_value());
    threshold.allow_empty = true;
    EXPECT_TRUE(judge(threshold, info_, total_, counts_, 5).ok);
    threshold.allow_empty = false;
    threshold.metric = ThresholdMetric::Checks;
    EXPECT_FALSE(judge(threshold, info_, total_, counts_, 5).ok);
    threshold.metric = ThresholdMetric::GroupDuration;
    EXPECT_FALSE(judge(threshold, info_, total_, counts_, 5).ok);
    threshold.metric = ThresholdMetric::Failed;
    threshold.statistic = Statistic::Count;  // a count over nothing is 0, and judged
    threshold.limit = 1;
    EXPECT_TRUE(judge(threshold, info_, total_, counts_, 5).ok);
    EXPECT_FALSE(value(ThresholdMetric::Failed, Statistic::Rate, 0, "/b").has_value());
}

TEST_F(Judge, ComparesAsWritten) {
    EXPECT_TRUE(holds(Comparison::Less, 11.5));
    EXPECT_FALSE(holds(Comparison::Less, 11));
    EXPECT_TRUE(holds(Comparison::LessEqual, 11));
    EXPECT_FALSE(holds(Comparison::LessEqual, 10.5));
    EXPECT_TRUE(holds(Comparison::Greater, 10.5));
    EXPECT_FALSE(holds(Comparison::Greater, 11));
    EXPECT_TRUE(holds(Comparison::GreaterEqual, 11));
    EXPECT_FALSE(holds(Comparison::GreaterEqual, 11.5));
}

TEST_F(Judge, TakesChecksAsTheShareThatHeld) {
    info_.checks = {"items", "fast"};
    const std::vector<CheckCount> checks{{90, 10}, {50, 0}};
    Threshold threshold;
    threshold.metric = ThresholdMetric::Checks;
    threshold.statistic = Statistic::Rate;
    threshold.comparison = Comparison::Greater;
    threshold.limit = 0.93;
    EXPECT_DOUBLE_EQ(*judge(threshold, info_, total_, counts_, 5, {}, checks).value, 140.0 / 150);
    EXPECT_TRUE(judge(threshold, info_, total_, counts_, 5, {}, checks).ok);
    threshold.endpoint = "items";
    EXPECT_DOUBLE_EQ(*judge(threshold, info_, total_, counts_, 5, {}, checks).value, 0.9);
    EXPECT_FALSE(judge(threshold, info_, total_, counts_, 5, {}, checks).ok);
    EXPECT_FALSE(judge(threshold, info_, total_, counts_, 5).value);
}

TEST_F(Judge, KnowsNothingOfTheChecksOfRequestsThatWereCutOff) {
    info_.checks = {"items"};
    const std::vector<CheckCount> checks{{60, 20, 20}};
    Threshold threshold;
    threshold.metric = ThresholdMetric::Checks;
    threshold.statistic = Statistic::Rate;
    threshold.comparison = Comparison::Greater;
    const auto state = [&](double limit) {
        threshold.limit = limit;
        return judge(threshold, info_, total_, counts_, 5, {}, checks).state;
    };
    EXPECT_EQ(state(0.59), GateState::Passed);  // 60 of 100 held, and at most 80
    EXPECT_EQ(state(0.6), GateState::NotKnown);
    EXPECT_EQ(state(0.79), GateState::NotKnown);
    EXPECT_EQ(state(0.8), GateState::Failed);
    const std::vector<CheckCount> none{{0, 0, 7}};
    const auto result = judge(threshold, info_, total_, counts_, 5, {}, none);
    EXPECT_EQ(result.value, 0);  // none was made, and all may have held
    EXPECT_EQ(result.at_most, 1);
}

TEST_F(Judge, TakesTheTimeOfOneGroupOrOfAll) {
    info_.groups = {"login", "checkout"};
    std::vector<GroupStats> groups(2);
    groups[0].duration.record(milliseconds(100));
    groups[1].duration.record(milliseconds(900));
    Threshold threshold;
    threshold.metric = ThresholdMetric::GroupDuration;
    threshold.statistic = Statistic::Max;
    EXPECT_DOUBLE_EQ(*judge(threshold, info_, total_, counts_, 5, groups).value, 0.9);
    threshold.endpoint = "login";
    EXPECT_DOUBLE_EQ(*judge(threshold, info_, total_, counts_, 5, groups).value, 0.1);
}

}  // namespace
}  // namespace plimsoll
