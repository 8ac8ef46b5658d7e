#include "analysis/signals.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

RunData two_states() {
    RunData data;
    data.probes.push_back({{"postgres", {{"backends", MetricType::Gauge, "", {"state"}}}, {}},
                           4,
                           4,
                           0,
                           0,
                           1,
                           {0, 1, 2, 3}});
    data.series.push_back(
        {"postgres", "backends", MetricType::Gauge, {{"state", "active"}}, {{1, 3}, {3, 5}}});
    data.series.push_back(
        {"postgres", "backends", MetricType::Gauge, {{"state", "idle"}}, {{0, 2}, {1, 1}}});
    return data;
}

std::vector<double> values(const Signal& signal) {
    std::vector<double> out;
    for (const auto& point : signal) {
        out.push_back(point.value);
    }
    return out;
}

TEST(SumOf, TakesAMissingSeriesForNoneOfItsKind) {
    const auto all = sum_of(two_states(), "backends", [](const auto&) { return true; });
    EXPECT_EQ(values(all), (std::vector<double>{2, 4, 0, 5}));
    const auto active = sum_of(two_states(), "backends",
                               [](const auto& s) { return s.label("state") == "active"; });
    EXPECT_EQ(values(active), (std::vector<double>{0, 3, 0, 5}));
}

TEST(SumOf, HoldsEachProbesLastValueWhereTwoReadAtDifferentMoments) {
    RunData data = two_states();
    StoredProbe replica = data.probes[0];
    replica.info.name = "replica";
    replica.times_s = {0.5, 2.5};
    data.probes.push_back(replica);
    data.series.push_back(
        {"replica", "backends", MetricType::Gauge, {{"state", "active"}}, {{0.5, 10}, {2.5, 20}}});
    const auto all = sum_of(data, "backends", [](const auto&) { return true; });
    EXPECT_EQ(values(all), (std::vector<double>{2, 12, 14, 10, 20, 25}));
}

TEST(SumOf, IsEmptyWhereNoProbeReportsTheMetric) {
    EXPECT_TRUE(sum_of(two_states(), "other", [](const auto&) { return true; }).empty());
}

TEST(Windows, HoldTheirBeginButNotTheirEnd) {
    const Signal signal{{0, 1}, {1, 2}, {2, 6}, {3, 100}};
    const Window window{0, 3};
    EXPECT_EQ(samples_in(signal, window), 3U);
    EXPECT_DOUBLE_EQ(mean_in(signal, window).value(), 3);
    EXPECT_DOUBLE_EQ(median_in(signal, window).value(), 2);
    EXPECT_DOUBLE_EQ(max_in(signal, window).value(), 6);
    EXPECT_DOUBLE_EQ(share_in(signal, window, [](double v) { return v > 1; }).value(), 2.0 / 3);
    EXPECT_FALSE(mean_in(signal, {5, 6}).has_value());
}

TEST(Counters, RiseAcrossRestarts) {
    const Signal counter{{0, 10}, {1, 14}, {2, 1}, {3, 4}};  // restarted between 1 and 2
    EXPECT_DOUBLE_EQ(increase_in(counter, {0, 10}), 7);
    EXPECT_DOUBLE_EQ(rate_in(counter, {0, 10}).value(), 7.0 / 3);
    EXPECT_FALSE(rate_in(counter, {3, 10}).has_value());
}

TEST(Counters, FirstRoseAfterTheLastPointBeforeIt) {
    EXPECT_DOUBLE_EQ(first_rise({{0, 0}, {1, 0}, {2, 0}, {3, 2}}).value(), 2);
    EXPECT_FALSE(first_rise({{0, 5}, {1, 5}}).has_value());
}

TEST(SustainedSince, FindsTheBeginOfALastingState) {
    Signal signal;
    for (int i = 0; i < 100; ++i) {
        const bool on = i == 20 || i >= 50;    // a blip, then for good
        const bool miss = i == 60 || i == 75;  // within the tolerance
        signal.push_back({static_cast<double>(i), on && !miss ? 1.0 : 0.0});
    }
    const auto holds = [](double v) { return v > 0; };
    EXPECT_DOUBLE_EQ(sustained_since(signal, {0, 100}, 0.8, holds).value(), 50);
    EXPECT_FALSE(sustained_since(signal, {0, 40}, 0.8, holds).has_value());
}

}  // namespace
}  // namespace plimsoll
