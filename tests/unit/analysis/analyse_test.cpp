#include "analysis/analyse.hpp"

#include "synthetic_analysis.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;

Threshold p95_below(double limit_s) {
    return {"http_req_duration",
            "p(95)",
            ThresholdMetric::ResponseTime,
            "",
            Statistic::Quantile,
            0.95,
            Comparison::Less,
            limit_s,
            false,
            {}};
}

TEST(Analyse, CountsWhatTheRunDid) {
    Options options;
    options.pool_timeout_s = 2;
    const Analysed run = analysed(options);
    EXPECT_EQ(run.analysis.requests, run.truth.requests);
    EXPECT_EQ(run.analysis.failed, run.truth.failed);
    EXPECT_GT(run.analysis.failed, 100U);
    EXPECT_EQ(run.analysis.not_sent, run.truth.not_sent_user_cap);
    std::uint64_t by_endpoint = 0;
    for (const EndpointResult& endpoint : run.analysis.endpoints) {
        by_endpoint += endpoint.requests;
        EXPECT_EQ(endpoint.outcomes.at("ok") + endpoint.outcomes.at("http_5xx"), endpoint.requests);
    }
    EXPECT_EQ(by_endpoint, run.truth.requests);
    std::uint64_t errors = 0;
    for (const ErrorResult& error : run.analysis.errors) {
        errors += error.count;
        EXPECT_EQ(error.status, 503);
        EXPECT_EQ(error.outcome, "http_5xx");
    }
    EXPECT_EQ(errors, run.truth.failed);
}

TEST(Analyse, GivesEachStageItsOwnFigures) {
    Options options;
    options.pool = 50;
    options.start = 100;
    options.stages = {{20, 100}, {10, 300}, {20, 300}};
    const auto stages = analysed(options).analysis.stages;
    ASSERT_EQ(stages.size(), 3U);
    EXPECT_DOUBLE_EQ(stages[0].from_s, 0);
    EXPECT_DOUBLE_EQ(stages[0].to_s, 20);
    EXPECT_DOUBLE_EQ(stages[0].offered_rate, 100);
    EXPECT_NEAR(stages[0].rate, 100, 1);
    EXPECT_DOUBLE_EQ(stages[1].offered_rate, 200);  // (100 + 300) / 2
    EXPECT_NEAR(stages[1].rate, 200, 1);
    EXPECT_DOUBLE_EQ(stages[2].offered_rate, 300);
    EXPECT_NEAR(stages[2].rate, 300, 1);
    EXPECT_NEAR(stages[2].response.mean, 0.0221, 0.0003);
    EXPECT_DOUBLE_EQ(stages[2].failed_ratio, 0);
    EXPECT_EQ(stages[2].executor, "main");
    EXPECT_EQ(stages[2].stage, 2U);
}

TEST(Analyse, JudgesTheScenariosThresholds) {
    Options options;
    options.pool = 50;
    options.thresholds = {p95_below(0.050), p95_below(0.020)};
    const auto results = analysed(options).analysis.thresholds;
    ASSERT_EQ(results.size(), 2U);
    EXPECT_TRUE(results[0].ok);
    EXPECT_FALSE(results[1].ok);
    EXPECT_NEAR(results[0].value.value(), 0.0229, 0.0005);  // 21 ± 1 ms hold, 2 ms app, lag
}

TEST(Analyse, TakesTheGeneratorsFiguresFromTheFacts) {
    const Analysed run = analysed({});
    const GeneratorResult& generator = run.analysis.generator;
    EXPECT_DOUBLE_EQ(generator.cpu_seconds, 4.2);
    // 1.2 s of which it was only awake ahead of arrivals.
    EXPECT_NEAR(generator.cpu_us_per_request * static_cast<double>(run.data.all.requests), 3e6, 1);
    EXPECT_EQ(generator.max_rss_bytes, 50331648U);
    EXPECT_EQ(generator.shards, 2U);
    EXPECT_EQ(generator.dropped, (std::map<std::string, std::uint64_t>{{"otlp", 0}}));
}

TEST(Analyse, ReadsARunThatWasCutOff) {
    Options options;
    options.cut_off_s = 45;
    options.finish = false;
    const Analysed run = analysed(options);
    EXPECT_DOUBLE_EQ(run.analysis.duration_s, 45);
    EXPECT_NEAR(run.analysis.highest_offered, 25 + 475 * 0.75, 0.1);
    EXPECT_TRUE(run.analysis.breaking_point.found);
    EXPECT_DOUBLE_EQ(run.finding("app_pool_exhausted").values.at("pool_size"), 5);
    // Without the fact, from the shards: 2 × 10 % of 45 s.
    EXPECT_NEAR(run.analysis.generator.cpu_seconds, 9, 1e-6);
}

TEST(Analyse, ReadsARunThatEndedBeforeItsFirstTick) {
    const test::TempFolder folder;
    Options options;
    options.stages = {{1, 1}};
    options.start = 0.001;
    options.cut_off_s = 1;
    options.finish = false;
    options.probe_hz = 1;
    ASSERT_TRUE(synthetic::write_run(folder.path() / "run.db", options).ok());
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok());
    const auto analysis = analyse(reader.value());
    ASSERT_TRUE(analysis.ok());
    EXPECT_LE(analysis->requests, 1U);
    EXPECT_FALSE(analysis->breaking_point.found);
}

TEST(Analyse, GivesTheSameAnswerEveryTime) {
    Options options;
    options.poisson = true;
    const Analysed a = analysed(options);
    const Analysed b = analysed(options);
    EXPECT_EQ(a.analysis.breaking_point.at_s, b.analysis.breaking_point.at_s);
    EXPECT_EQ(a.finding("app_pool_exhausted").values, b.finding("app_pool_exhausted").values);
}

TEST(ResourceLimits, AreSizeOverDemandWithTheLeastFirst) {
    // Five connections, each held 20 ms per request, carry 250/s: the utilisation law.
    const Analysed run = analysed({});
    ASSERT_FALSE(run.analysis.resource_limits.empty());
    const ResourceLimit& least = run.analysis.resource_limits.front();
    EXPECT_EQ(least.unit, "connections");
    EXPECT_DOUBLE_EQ(least.size, 5);
    EXPECT_NEAR(least.demand_s, 0.020, 0.0005);
    EXPECT_NEAR(least.could_carry, 250, 6);
    EXPECT_GT(least.used_ratio, 0.95);
    for (const ResourceLimit& other : run.analysis.resource_limits) {
        EXPECT_GE(other.could_carry, least.could_carry);
    }
}

TEST(ResourceLimits, AreNotStatedWhereNothingBroke) {
    synthetic::Options options;
    options.pool = 50;
    EXPECT_TRUE(analysed(options).analysis.resource_limits.empty());
}

}  // namespace
}  // namespace plimsoll
