// Planted faults are found, with their numbers, and are not taken for their relatives.
#include "analysis/diagnosis/diagnose.hpp"
#include "base/random.hpp"
#include "changed_run.hpp"
#include "signal/names.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;
using synthetic::Target;

TEST(AppPool, OfFiveIsFoundWithTheNumbersOfLittlesLaw) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Options options;
        options.poisson = true;
        options.seed = seed;
        const Analysed run = analysed(options);
        ASSERT_EQ(run.causes(), "app_pool_exhausted");
        const Finding finding = run.finding("app_pool_exhausted");
        EXPECT_EQ(finding.confidence, "medium");
        EXPECT_DOUBLE_EQ(finding.values.at("pool_size"), 5);
        EXPECT_NEAR(finding.values.at("hold_s"), 0.020, 0.0002);
        EXPECT_NEAR(finding.values.at("busy_mean"), 5, 0.1);
        EXPECT_NEAR(finding.values.at("capacity_rate"), 250, 3);
        EXPECT_NEAR(finding.values.at("needed_connections"), 10, 0.2);     // 500/s × 20 ms
        EXPECT_DOUBLE_EQ(finding.values.at("recommended_pool_size"), 17);  // ⌈10 + 2√10⌉
        // It fills up by chance from about 80 % of its capacity on, and is full at 28.4 s.
        EXPECT_GT(finding.onset_s, 18);
        EXPECT_LT(finding.onset_s, 30);
        EXPECT_TRUE(finding.against.empty());
        EXPECT_TRUE(finding.missing.empty());
        EXPECT_NE(finding.fix.find("from 5 to 17 connections"), std::string::npos) << finding.fix;
        EXPECT_NE(finding.fix.find("100 max_connections - 3 reserved - 3 others = 94"),
                  std::string::npos)
            << finding.fix;
    }
}

TEST(AppPool, OfTwelveIsFoundExactly) {
    Options options;
    options.pool = 12;
    options.stages = {{60, 1200}};
    options.poisson = true;
    const Finding finding = analysed(options).finding("app_pool_exhausted");
    EXPECT_DOUBLE_EQ(finding.values.at("pool_size"), 12);
    EXPECT_NEAR(finding.values.at("capacity_rate"), 600, 6);
    EXPECT_DOUBLE_EQ(finding.values.at("recommended_pool_size"), 34);  // ⌈24 + 2√24⌉
}

TEST(AppPool, IsCertainWhereTheApplicationSaysSo) {
    Options options;
    options.pool_timeout_s = 2;
    options.pool_timeout_body =
        "{\"error\":\"QueuePool limit of size 5 overflow 0 reached, connection timed out\"}";
    const Analysed run = analysed(options);
    const Finding finding = run.finding("app_pool_exhausted");
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_DOUBLE_EQ(finding.values.at("pool_size"), 5);
    EXPECT_TRUE(mentions(finding.evidence, "QueuePool limit of size 5"));
    EXPECT_THAT(finding.fix,
                testing::HasSubstr("pool_size and max_overflow together (SQLAlchemy)"));
    // Requests that gave up held no connection: the hold time must not count them.
    EXPECT_NEAR(finding.values.at("hold_s"), 0.020, 0.0003);
}

TEST(AppPool, IsMeasuredWhileThoseWhoAskStillWaitForTheirAnswers) {
    Options options;
    options.client_timeout_s = 3;  // later than that the pool works for requests long given up
    const Analysed run = analysed(options);
    const Finding finding = run.finding("app_pool_exhausted");
    EXPECT_NEAR(finding.values.at("hold_s"), 0.020, 0.0005);
    EXPECT_NEAR(finding.values.at("capacity_rate"), 250, 6);
    EXPECT_DOUBLE_EQ(finding.values.at("recommended_pool_size"), 17);
    const auto& limits = run.analysis.resource_limits;
    const auto pool = std::find_if(limits.begin(), limits.end(), [](const ResourceLimit& limit) {
        return limit.cause == "app_pool_exhausted";
    });
    ASSERT_NE(pool, limits.end());
    EXPECT_NEAR(pool->could_carry, 250, 6);
}

TEST(AppPool, SaysWhatItCouldNotCheck) {
    Options options;
    options.canaries = false;
    options.processes = false;
    const Finding finding = analysed(options).finding("app_pool_exhausted");
    // Five workers that each use a connection of their own would look the same.
    EXPECT_EQ(finding.confidence, "low");
    EXPECT_DOUBLE_EQ(finding.values.at("pool_size"), 5);
    EXPECT_TRUE(mentions(finding.missing, "canary no_database"));
    EXPECT_TRUE(mentions(finding.missing, "CPU of the database"));
}

TEST(AppPool, IsKnownFromErrorsAloneWithoutAViewIntoTheDatabase) {
    Options options;
    options.database_probe = false;
    options.pool_timeout_s = 1;
    options.pool_timeout_body = "QueuePool limit of size 5 overflow 10 reached, timeout 1.00";
    const Finding finding = analysed(options).finding("app_pool_exhausted");
    EXPECT_EQ(finding.confidence, "low");  // its connections may wait for locks
    EXPECT_DOUBLE_EQ(finding.values.at("pool_size"), 15);
    EXPECT_TRUE(mentions(finding.missing, "probes.postgres"));
}

TEST(AppPool, DoesNotFitWherePostgresqlHasTooFewSlots) {
    Options options;
    options.max_connections = 15;  // 12 usable, 3 of them used by others
    const Finding finding = analysed(options).finding("app_pool_exhausted");
    EXPECT_NE(finding.fix.find("does not fit (15 max_connections - 3 reserved - 3 others = 9): "
                               "raise max_connections to 23"),
              std::string::npos)
        << finding.fix;
}

TEST(AppPool, IsFoundUnderAClosedModelAndAConstantLoad) {
    Options closed;
    closed.open = false;
    closed.start = 1;
    closed.stages = {{60, 50}};
    closed.think_s = 0.05;
    EXPECT_DOUBLE_EQ(analysed(closed).finding("app_pool_exhausted").values.at("pool_size"), 5);
    Options constant;
    constant.start = 400;
    constant.stages = {{30, 400}};
    const Finding finding = analysed(constant).finding("app_pool_exhausted");
    EXPECT_DOUBLE_EQ(finding.values.at("pool_size"), 5);
    EXPECT_DOUBLE_EQ(finding.values.at("recommended_pool_size"), 14);  // 8 + 2√8 = 13.7
}

TEST(AppPool, IsFoundWhereTheLoadGoesDownAgain) {
    Options options;
    options.stages = {{40, 500}, {60, 10}};
    EXPECT_DOUBLE_EQ(analysed(options).finding("app_pool_exhausted").values.at("pool_size"), 5);
}

/// Takes backends out of what the probe saw, at random: `busy` go idle, `gone` are reconnecting.
void disturb(RunData& data, double busy, double gone) {
    Random random(5, 5, 5);
    for (StoredSeries& series : data.series) {
        if (series.metric != metric::kPgBackends || series.label("state") != "active") {
            continue;
        }
        StoredSeries* const idle =
            &*std::find_if(data.series.begin(), data.series.end(), [](const StoredSeries& s) {
                return s.label("application_name") == "shop-api" && s.label("state") == "idle";
            });
        for (auto& point : series.points) {
            double less = 0;
            for (int i = 0; i < static_cast<int>(point.value); ++i) {
                less += random.uniform() < busy ? 1 : 0;
            }
            point.value -= less;
            idle->points.push_back({point.t_s, less - (random.uniform() < gone ? 1 : 0)});
        }
    }
}

TEST(AppPool, IsFoundExactlyThroughHandOversAndReconnects) {
    for (const std::uint32_t size : {5U, 12U}) {
        Options options;
        options.pool = size;
        options.stages = {{60, 100.0 * size}};
        options.poisson = true;
        RunData data = analysed(options).data;
        disturb(data, 0.04, 0.1);
        const auto findings = diagnose_again(data);
        ASSERT_EQ(findings.size(), 1U);
        EXPECT_EQ(findings[0].cause, "app_pool_exhausted");
        EXPECT_DOUBLE_EQ(findings[0].values.at("pool_size"), size);
        EXPECT_NEAR(findings[0].values.at("hold_s"), 0.020 * 0.96, 0.0005);
    }
}

TEST(AppPool, IsAGuessWhereTheRoleMayNotSeeWhoIsBusy) {
    RunData data = analysed({}).data;
    for (StoredSeries& series : data.series) {
        for (auto& [name, value] : series.labels) {
            if (name == "state" || name == "wait_event_type") {
                value = "hidden";
            }
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "app_pool_exhausted");
    EXPECT_EQ(findings[0].confidence, "low");
    EXPECT_DOUBLE_EQ(findings[0].values.at("pool_size"), 5);
    EXPECT_TRUE(mentions(findings[0].missing, "GRANT pg_monitor"));
}

TEST(WorkerPool, IsBlamedWhereWhatNeedsNoConnectionGotSlowWithThePool) {
    RunData data = analysed({}).data;
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kCanarySeconds && series.label("canary") == "no_database") {
            for (auto& point : series.points) {
                point.value = point.t_s > 28 ? 0.8 : 0.002;
            }
        }
    }
    add_threads(data, 5);
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "worker_pool");
    EXPECT_DOUBLE_EQ(findings[0].values.at("workers"), 5);
    EXPECT_TRUE(mentions(findings[0].evidence, "a URL without database took 800 ms"));
}

TEST(AppPool, IsNotTheCauseWhereItsConnectionsWaitForLocks) {
    RunData data = analysed({}).data;
    for (StoredSeries& series : data.series) {
        for (auto& [name, value] : series.labels) {
            if (name == "wait_event_type" && value == "Timeout") {
                value = "Lock";
            }
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "lock_contention");
}

TEST(AppPool, IsNotTheCauseWhereTheWorkItselfGotSlower) {
    RunData data = analysed({}).data;
    for (TickFacts& tick : data.ticks) {
        if (tick.from_s > 28.4) {
            tick.served /= 3;  // the same five busy connections do a third of the work
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "unknown");
}

TEST(MaxConnections, IsFoundWithTheLimitAndWhoUsedIt) {
    Options options;
    options.target = Target::MaxConnections;
    options.max_connections = 20;
    options.stages = {{60, 1500}};
    options.poisson = true;
    const Analysed run = analysed(options);
    ASSERT_EQ(run.causes(), "max_connections");
    const Finding finding = run.finding("max_connections");
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_DOUBLE_EQ(finding.values.at("max_connections"), 20);
    EXPECT_DOUBLE_EQ(finding.values.at("reserved_connections"), 3);
    EXPECT_DOUBLE_EQ(finding.values.at("peak_used"), 17);
    EXPECT_DOUBLE_EQ(finding.values.at("app_connections"), 14);
    EXPECT_GT(finding.values.at("refused"), 5);
    EXPECT_TRUE(mentions(finding.evidence, std::to_string(run.truth.refused_53300) +
                                               " answers carry PostgreSQL's refusal"));
    EXPECT_LE(finding.onset_s, run.analysis.breaking_point.at_s + 5);
    EXPECT_NEAR(finding.values.at("needed_connections"), 30, 2);  // 1500/s × 20 ms
}

TEST(MaxConnections, IsFoundFromErrorBodiesAlone) {
    Options options;
    options.target = Target::MaxConnections;
    options.max_connections = 20;
    options.stages = {{60, 1500}};
    options.database_probe = options.canaries = options.processes = false;
    const Finding finding = analysed(options).finding("max_connections");
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_TRUE(mentions(finding.missing, "probes.postgres"));
    EXPECT_FALSE(finding.values.contains("recommended_pool_size"));
}

TEST(MaxConnections, IsFoundFromRefusalsOfOurOwnWhereErrorsSayNothing) {
    Options options;
    options.target = Target::MaxConnections;
    options.max_connections = 20;
    options.stages = {{60, 1500}};
    RunData data = analysed(options).data;
    data.errors.clear();
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "max_connections");
    EXPECT_EQ(findings[0].confidence, "high");
}

TEST(Healthy, RunsHaveNoFindings) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Options options;
        options.pool = 50;
        options.poisson = true;
        options.seed = seed;
        EXPECT_EQ(analysed(options).causes(), "");
    }
}

TEST(Healthy, PoolsThatAreBusyButKeepUpAreNotBlamed) {
    Options options;
    options.start = 225;  // 90 % of capacity
    options.stages = {{60, 225}};
    EXPECT_EQ(analysed(options).causes(), "");
}

TEST(DatabaseCpu, IsNotTakenForAPool) {
    Options options;
    options.target = Target::DatabaseCpu;
    options.hold_s = 0.008;  // 2 cores / 8 ms = 250/s
    options.poisson = true;
    const Analysed run = analysed(options);
    ASSERT_EQ(run.causes(), "database_cpu");
    const Finding finding = run.finding("database_cpu");
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_NEAR(finding.values.at("database_cpu_cores"), 2, 0.05);
    EXPECT_NE(finding.fix.find("More connections will not help"), std::string::npos);
}

TEST(DatabaseCpu, IsNotTakenForAPoolWithoutCanariesEither) {
    Options options;
    options.target = Target::DatabaseCpu;
    options.hold_s = 0.008;
    options.canaries = false;
    const Analysed run = analysed(options);
    ASSERT_EQ(run.causes(), "database_cpu");
    EXPECT_EQ(run.finding("database_cpu").confidence, "medium");
}

TEST(IdleInTransaction, IsFoundByItsShareAndItsDwellTime) {
    RunData data = analysed({}).data;
    data.probes[0].info.descriptors.push_back(
        {metric::kPgIdleInTransaction, MetricType::Gauge, "", {}});
    StoredSeries dwell{"postgres", metric::kPgIdleInTransaction, MetricType::Gauge, {}, {}};
    for (StoredSeries& series : data.series) {
        if (series.label("state") == "active") {
            for (auto& [name, value] : series.labels) {
                value = name == "state" ? "idle in transaction" : value;
            }
            for (const auto& point : series.points) {
                dwell.points.push_back({point.t_s, 0.4});
            }
        }
    }
    data.series.push_back(dwell);
    const auto findings = diagnose_again(data);
    EXPECT_TRUE(std::any_of(findings.begin(), findings.end(),
                            [](const Finding& f) { return f.cause == "idle_in_transaction"; }));
    for (auto& point : data.series.back().points) {
        point.value = 0.004;  // healthy: sampled so a third of the time, but never for long
    }
    const auto healthy = diagnose_again(data);
    EXPECT_TRUE(std::none_of(healthy.begin(), healthy.end(),
                             [](const Finding& f) { return f.cause == "idle_in_transaction"; }));
}

/// Adds a series of the application's process with `per_second` growth from 28 s on.
void add_counter(RunData& data, const char* metric, double per_second, double before) {
    StoredSeries series{
        "process", metric, MetricType::Counter, {{"container", "shop-api"}, {"role", "app"}}, {}};
    double value = 0;
    for (int i = 0; i < 300; ++i) {
        value += (i > 140 ? per_second : before) / 5;
        series.points.push_back({i * 0.2, value});
    }
    std::erase_if(data.series, [&](const StoredSeries& s) {
        return s.metric == metric && s.label("role") == "app";
    });
    data.series.push_back(series);
}

RunData without_database_cause() {
    RunData data = analysed({}).data;
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kPgBackends; });
    for (StoredSeries& series : data.series) {
        if (series.label("canary") == "no_database") {
            for (auto& point : series.points) {
                point.value = point.t_s > 28 ? 0.3 : 0.002;
            }
        }
    }
    return data;
}

TEST(AppCpuThrottled, IsFoundByItsShareOfPeriods) {
    RunData data = without_database_cause();
    add_counter(data, metric::kContainerPeriods, 10, 10);
    add_counter(data, metric::kContainerThrottled, 6, 0);
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_cpu_throttled");
    EXPECT_EQ(findings[0].confidence, "high");
    EXPECT_NEAR(findings[0].values.at("throttled_share"), 0.6, 0.01);
}

TEST(AppCpu, IsFoundWhereItsCoresAreFull) {
    RunData data = without_database_cause();
    add_counter(data, metric::kContainerCpuSeconds, 1.95, 0.8);  // of 2 cores
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_cpu");
    // 1.95 / 250 = 7.8 ms per request; 500/s × 7.8 ms / 0.7 = 5.6
    EXPECT_DOUBLE_EQ(findings[0].values.at("needed_cores"), 6);
}

TEST(RateLimit, IsPolicy) {
    RunData data = analysed({}).data;
    for (TickFacts& tick : data.ticks) {
        if (tick.from_s >= 30) {
            tick.rate_limited = tick.requests / 2;
        }
    }
    const auto findings = diagnose_again(data);
    EXPECT_TRUE(std::any_of(findings.begin(), findings.end(), [](const Finding& f) {
        return f.cause == "rate_limited" && f.onset_s == 30;
    }));
}

TEST(Generator, IsBlamedAloneWhereItWasTheLimit) {
    Options options;
    options.generator_limit = 200;
    options.generator_cpu = 0.97;
    options.target = Target::MaxConnections;  // a fault that would show
    options.max_connections = 9;
    const Analysed run = analysed(options);
    EXPECT_EQ(run.analysis.verdict, Verdict::Invalid);
    ASSERT_EQ(run.causes(), "generator");
    EXPECT_TRUE(mentions(run.finding("generator").evidence, "97 % of a core"));
}

TEST(Unknown, NamesWhatWasNotMeasured) {
    Options options;
    options.database_probe = options.canaries = options.processes = false;
    const Analysed run = analysed(options);
    ASSERT_EQ(run.causes(), "unknown");
    EXPECT_EQ(run.finding("unknown").missing.size(), 4U);
    EXPECT_EQ(run.finding("unknown").confidence, "low");
}

TEST(Findings, EachEndWithWhatToExpectFromARerun) {
    Options pool;
    Options limit;
    limit.target = Target::MaxConnections;
    limit.max_connections = 20;
    limit.stages = {{60, 1500}};
    Options cpu;
    cpu.target = Target::DatabaseCpu;
    cpu.hold_s = 0.008;
    Options blind;
    blind.database_probe = blind.canaries = blind.processes = false;
    for (const Options& options : {pool, limit, cpu, blind}) {
        for (const Finding& finding : analysed(options).analysis.findings) {
            EXPECT_NE(finding.fix.find("expect"), std::string::npos) << finding.cause;
            EXPECT_NE(finding.fix.find("un again"), std::string::npos) << finding.cause;
        }
    }
}

TEST(RecommendedPool, IsSquareRootStaffing) {
    EXPECT_DOUBLE_EQ(recommended_pool(16), 24);  // 16 + 2 × 4, exactly
    EXPECT_DOUBLE_EQ(recommended_pool(10), 17);
    EXPECT_DOUBLE_EQ(recommended_pool(0.04), 1);  // 0.04 + 0.4
}

TEST(AppPool, IsCertainWhereItsOwnMetricsShowCallersWaiting) {
    RunData data = analysed({}).data;
    add_scraped(data, metric::kAppPoolSize, {{"pool", "main"}}, [](double) { return 5; });
    add_scraped(data, metric::kAppPoolUsed, {{"pool", "main"}},
                [](double t) { return t < kFull_s ? 2.5 : 5; });
    add_scraped(data, metric::kAppPoolPending, {{"pool", "main"}},
                [](double t) { return t < kFull_s ? 0 : 40; });
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "app_pool_exhausted");
    EXPECT_EQ(findings[0].confidence, "high");
    EXPECT_TRUE(mentions(findings[0].evidence,
                         "the application says so: pool \"main\": 5.0 of 5 connections in use, 40 "
                         "callers waiting for one (median)"));
}

TEST(AppPool, IsFoundFromItsOwnMetricsAlone) {
    Options options;
    options.database_probe = options.canaries = options.processes = false;
    RunData data = analysed(options).data;
    // Little's law before it is full: rate × 20 ms.
    const auto used = [](double t) { return std::min(5.0, (25 + 475 * t / 60) * 0.020); };
    add_scraped(data, metric::kAppPoolSize, {{"pool", "main"}}, [](double) { return 5; });
    add_scraped(data, metric::kAppPoolUsed, {{"pool", "main"}}, used);
    add_scraped(data, metric::kAppPoolPending, {{"pool", "main"}},
                [](double t) { return t < kFull_s ? 0 : 40; });
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "app_pool_exhausted");
    EXPECT_EQ(findings[0].confidence, "low");  // why they are held, nobody looked
    EXPECT_NEAR(findings[0].onset_s, kFull_s, 1.5);
    EXPECT_DOUBLE_EQ(findings[0].values.at("pool_size"), 5);
    EXPECT_NEAR(findings[0].values.at("hold_s"), 0.020, 0.0005);
    EXPECT_NEAR(findings[0].values.at("capacity_rate"), 250, 6);
    EXPECT_TRUE(mentions(findings[0].missing, "probes.postgres"));
}

TEST(AppPool, IsNoMoreThanASymptomWhereItsOwnMetricsShowLongerHolds) {
    Options options;
    options.database_probe = options.canaries = options.processes = false;
    RunData data = analysed(options).data;
    add_scraped(data, metric::kAppPoolUsed, {{"pool", "main"}},
                [](double t) { return t < kFull_s ? 0.5 : 30; });
    add_scraped(data, metric::kAppPoolPending, {{"pool", "main"}},
                [](double t) { return t < kFull_s ? 0 : 40; });
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].confidence, "low");
    EXPECT_TRUE(mentions(findings[0].against, "a request holds a connection for"));
}

TEST(AppPool, IsNotFoundWhereItsOwnMetricsShowNobodyWaiting) {
    Options options;
    options.database_probe = options.canaries = options.processes = false;
    RunData data = analysed(options).data;
    add_scraped(data, metric::kAppPoolUsed, {{"pool", "main"}}, [](double) { return 2; });
    add_scraped(data, metric::kAppPoolPending, {{"pool", "main"}},
                [](double t) { return std::fmod(t, 10) < 1 ? 1 : 0; });
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "unknown");
}

TEST(AcceptQueue, IsFoundWhereTheKernelDropsConnections) {
    RunData data = without_probes();
    add_scraped(data, metric::kHostListenOverflows, {{"side", "target"}},
                [](double t) { return t < 30 ? 7 : 7 + 100 * (t - 29.5); });
    add_scraped(data, metric::kContainerCpuSeconds, {{"container", "web"}, {"role", "app"}},
                [](double t) { return 0.1 * t; });
    add_scraped(data, metric::kContainerCpuLimit, {{"container", "web"}, {"role", "app"}},
                [](double) { return 2; });
    auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "accept_queue");
    EXPECT_EQ(findings[0].confidence, "low");  // nobody looked whether it got to accept them
    EXPECT_NEAR(findings[0].onset_s, 29.5, 1.1);
    EXPECT_NEAR(findings[0].values.at("listen_overflows_rate"), 100, 10);
    // A server without CPU to accept with is another story.
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kContainerCpuSeconds) {
            for (auto& point : series.points) {
                point.value = 1.95 * point.t_s;
            }
        }
    }
    findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "app_cpu");
    EXPECT_TRUE(mentions(findings[0].evidence, "1.95 of 2 cores"));
}

TEST(AcceptQueue, IsNotBlamedForTheGeneratorsOrForOldOverflows) {
    RunData data = without_probes();
    add_scraped(data, metric::kHostListenOverflows, {{"side", "generator"}},
                [](double t) { return 10 * t; });
    add_scraped(data, metric::kHostListenOverflows, {{"side", "target"}},
                [](double) { return 4433; });
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "unknown");
}

}  // namespace
}  // namespace plimsoll
