#include "analysis/capacity/capacity_detail.hpp"

#include "analysis/breaking_point.hpp"
#include "analysis/capacity/capacity_text.hpp"
#include "analysis/capacity/searched_part.hpp"
#include "synthetic_analysis.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

StepResult step(StepKind kind, double level, double from_s, double to_s, StepVerdict verdict) {
    StepResult result;
    result.kind = kind;
    result.level = level;
    result.from_s = from_s;
    result.to_s = to_s;
    result.warm_up_s = 2;
    result.verdict = verdict;
    result.leans_pass = verdict == StepVerdict::Pass;
    result.requests = 1000;
    return result;
}

/// Five connections held for 20 ms carry 250/s: steps at 50, 100, 150, 180, 200, and one at 300
/// that fails.
struct Searched {
    Analysed run;
    FindResult find;
};

Searched searched() {
    synthetic::Options options;
    options.start = 50;
    options.poisson = true;
    Searched result;
    double at_s = 0;
    options.stages.clear();
    for (const double level : {50.0, 100.0, 150.0, 180.0, 200.0, 300.0}) {
        options.stages.push_back({0.001, level});
        options.stages.push_back({20, level});
        result.find.steps.push_back(step(StepKind::Doubling, level, at_s, at_s + 20,
                                         level < 250 ? StepVerdict::Pass : StepVerdict::Fail));
        at_s += 20.001;
    }
    result.find.search.lo = 200;
    result.find.search.hi = 300;
    result.run = analysed(options);
    return result;
}

/// The same, but doubled to 400/s, which is given up after three seconds, before 300/s fails for
/// long.
Searched given_up_at_once() {
    synthetic::Options options;
    options.start = 50;
    options.poisson = true;
    options.stages.clear();
    Searched result;
    double at_s = 0;
    const auto hold = [&](double level, double seconds) {
        options.stages.push_back({0.001, level});
        options.stages.push_back({seconds, level});
        at_s += seconds + 0.001;
        result.find.steps.push_back(step(StepKind::Doubling, level, at_s - seconds, at_s,
                                         level < 250 ? StepVerdict::Pass : StepVerdict::Fail));
    };
    hold(50, 14);
    hold(100, 7);
    hold(200, 7);
    hold(400, 3);
    hold(100, 10);
    hold(300, 20);
    result.run = analysed(options);
    return result;
}

const ResourceLimit& named(const std::vector<ResourceLimit>& limits, const std::string& part) {
    const auto found = std::find_if(limits.begin(), limits.end(), [&](const ResourceLimit& limit) {
        return limit.resource.find(part) != std::string::npos;
    });
    if (found == limits.end()) {
        ADD_FAILURE() << "no resource with " << part;
        static const ResourceLimit kNone;
        return kNone;
    }
    return *found;
}

TEST(SearchedPart, EndsWithTheFirstStepThatFailed) {
    const Searched s = searched();
    EXPECT_NEAR(searched_part(s.run.data, s.find).duration_s, s.find.steps.back().to_s, 1.01);
}

TEST(SearchedPart, GoesOnToWhereABreakIsSeenWhenADoublingWasGivenUpAtOnce) {
    const Searched s = given_up_at_once();
    const RunData part = searched_part(s.run.data, s.find);
    EXPECT_TRUE(find_breaking_point(part).point.found);
    EXPECT_GT(part.duration_s, s.find.steps[3].to_s + 1.01);
}

TEST(CapacityDetail, SaysHowFullEachResourceIsAtWhatIsCarried) {
    const Searched s = searched();
    const CapacityDetail detail = capacity_detail(s.run.data, s.find, s.run.analysis.findings);
    const ResourceLimit& pool = named(detail.margins, "database connections");
    EXPECT_NEAR(pool.used_ratio, 200 * 0.020 / 5, 0.06);  // Little's law
    EXPECT_NEAR(pool.could_carry, 250, 20);               // utilisation law
    EXPECT_EQ(pool.cause, "app_pool_exhausted");
    EXPECT_EQ(detail.margins.front().resource, pool.resource);  // the fullest first
}

TEST(CapacityDetail, PredictsWhatBindsOnceThePoolHasTheSizeThatItsFindingRecommends) {
    const Searched s = searched();
    const Finding pool = s.run.finding("app_pool_exhausted");
    const double size = pool.values.at("recommended_pool_size");
    const CapacityDetail detail = capacity_detail(s.run.data, s.find, {pool});
    ASSERT_TRUE(detail.next);
    // Others could carry thousands: it is the pool again, with as many connections as it should
    // have.
    EXPECT_EQ(detail.next->cause, "app_pool_exhausted");
    EXPECT_NEAR(detail.next->rate.value, size / 0.020, 0.1 * size / 0.020);
    EXPECT_LT(detail.next->rate.low, detail.next->rate.value);
    EXPECT_GT(detail.next->rate.high, detail.next->rate.value);
    EXPECT_THAT(next_line(*detail.next), testing::HasSubstr("a prediction"));
}

TEST(CapacityDetail, LeavesOutWhatBindsWhereNothingSaysHowMuchMoreItWillBe) {
    const Searched s = searched();
    Finding pool;
    pool.cause = "app_pool_exhausted";
    const CapacityDetail detail = capacity_detail(s.run.data, s.find, {pool});
    ASSERT_TRUE(detail.next);
    EXPECT_NE(detail.next->cause, "app_pool_exhausted");
    Finding unknown;
    unknown.cause = "unknown";
    EXPECT_EQ(capacity_detail(s.run.data, s.find, {unknown}).next, std::nullopt);
    EXPECT_EQ(capacity_detail(s.run.data, s.find, {}).next, std::nullopt);
}

TEST(CapacityDetail, FitsTheCurveOverTheSteps) {
    const Searched s = searched();
    const CapacityDetail detail = capacity_detail(s.run.data, s.find, s.run.analysis.findings);
    EXPECT_EQ(detail.scaling.points.size(), 6U);
    EXPECT_EQ(detail.scaling.shape, ScalingShape::Plateau) << detail.scaling.why;
    EXPECT_NEAR(detail.scaling.plateau->limit_rate.value, 250, 15);
}

}  // namespace
}  // namespace plimsoll
