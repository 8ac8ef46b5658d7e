// Causes that look alike, told apart: each test is a pair that was once confused on a real service.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "changed_run.hpp"
#include "signal/names.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;
using synthetic::Target;

bool names(const std::vector<Finding>& findings, const std::string& cause) {
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.cause == cause; });
}

/// The application's backends that are active, in another state.
void change_state(RunData& data, const std::string& state, const std::string& wait) {
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgBackends && series.label("state") == "active") {
            for (auto& [name, value] : series.labels) {
                value = name == "state" ? state : name == "wait_event_type" ? wait : value;
            }
        }
    }
}

void add_dwell(RunData& data, const std::function<double(double)>& seconds) {
    probe_named(data, "postgres")
        .info.descriptors.push_back({metric::kPgIdleInTransaction, MetricType::Gauge, "", {}});
    add_series(data, "postgres", metric::kPgIdleInTransaction, MetricType::Gauge, {}, seconds);
}

/// From the break on the URL without database gives no answer at all: its failures are counted.
RunData with_failing_canary() {
    RunData data = analysed({}).data;
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kCanarySeconds && series.label("canary") == "no_database") {
            std::erase_if(series.points, [](const auto& point) { return point.t_s > kFull_s; });
        }
    }
    add_series(data, "canary", metric::kCanaryFailures, MetricType::Counter,
               {{"canary", "no_database"}},
               [](double t) { return t < kFull_s ? 0 : std::ceil(t - kFull_s); });
    return data;
}

// It pauses for ten seconds, and repeats what it last saw until its next turn.
TEST(PausingCanary, CountsEachTryOnce) {
    RunData data = analysed({}).data;
    slow_canary(data);
    ASSERT_GT(canary_tries(data, "no_database").size(), 60U);  // one a second
    add_series(data, "canary", metric::kCanaryTries, MetricType::Counter,
               {{"canary", "no_database"}}, [](double t) { return 1 + std::floor(t / 10); });
    const Signal tries = canary_tries(data, "no_database");
    ASSERT_EQ(tries.size(), 7U);
    EXPECT_NEAR(tries[2].t_s, 20, 1);
    EXPECT_DOUBLE_EQ(tries[2].value, 0.002);
    EXPECT_NEAR(tries[3].t_s, 30, 1);
    EXPECT_DOUBLE_EQ(tries[3].value, 0.8);
}

TEST(FailedCanaries, AreReadingsOfAtLeastTheirTimeLimit) {
    const RunData data = with_failing_canary();
    const Reach reach = reach_of(Case(data, find_breaking_point(data)));
    EXPECT_TRUE(reach.known);
    EXPECT_TRUE(reach.slow);
    EXPECT_GE(reach.after_s, 0.5);  // canaries wait for half a second
    EXPECT_NEAR(reach.failed_share, 1, 0.01);
    EXPECT_NE(reach.text.find("100 % of its tries gave no answer in time"), std::string::npos)
        << reach.text;
    for (const Finding& finding : diagnose_again(data)) {
        EXPECT_FALSE(mentions(finding.evidence, "stayed fast: a URL without database"));
    }
}

TEST(WorkerPoolOrPool, IsNoSurerWithoutTheCanariesThatTell) {
    RunData with = analysed({}).data;
    slow_canary(with, kFull_s, 0.8);
    RunData without = with;
    std::erase_if(without.series,
                  [](const StoredSeries& s) { return s.metric == metric::kCanarySeconds; });
    const auto seen = diagnose_again(with);
    const auto unseen = diagnose_again(without);
    ASSERT_FALSE(seen.empty());
    ASSERT_FALSE(unseen.empty());
    EXPECT_FALSE(names(seen, "app_pool_exhausted")) << shown(seen);
    EXPECT_GE(rank_of(unseen[0]), rank_of(seen[0])) << shown(unseen);
    EXPECT_EQ(rank_of(unseen[0]), 2) << shown(unseen);
}

TEST(BlockedLoopOrTransactions, AnswersThatLieUnreadFromTheBreakOnAreNoTransactionsWaiting) {
    RunData data = analysed({}).data;
    change_state(data, "idle in transaction", "Client");
    add_dwell(data, [](double t) { return t < kFull_s ? 0.001 : 0.4; });
    slow_canary(data, kFull_s, 0.8);
    EXPECT_FALSE(names(diagnose_again(data), "idle_in_transaction"));
}

TEST(BlockedLoopOrTransactions, WhatWasSoUnderLightLoadIsTheTransactionsOwn) {
    RunData data = analysed({}).data;
    change_state(data, "idle in transaction", "Client");
    add_dwell(data, [](double) { return 0.4; });
    add_scraped(data, metric::kAppPoolSize, {{"pool", "main"}}, [](double) { return 5; });
    add_scraped(data, metric::kAppPoolUsed, {{"pool", "main"}}, [](double) { return 5; });
    add_scraped(data, metric::kAppPoolPending, {{"pool", "main"}},
                [](double t) { return t < kFull_s ? 0 : 40; });
    // The pool that it fills is told as its symptom, though the pool's own metrics say so for
    // certain.
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "idle_in_transaction") << shown(findings);
    EXPECT_FALSE(names(findings, "app_pool_exhausted"));
    EXPECT_TRUE(mentions(findings[0].evidence, "its consequence (app_pool_exhausted)"));
}

TEST(BlockedLoopOrAcceptQueue, AnOverflowBehindASlowApplicationIsItsSymptom) {
    RunData data = analysed({}).data;
    slow_canary(data, kFull_s, 0.8);
    add_scraped(data, metric::kHostListenOverflows, {{"side", "target"}},
                [](double t) { return t < 30 ? 0 : 100 * (t - 30); });
    EXPECT_FALSE(names(diagnose_again(data), "accept_queue"));
    slow_canary(data, kFull_s, 0.002);
    for (StoredSeries& series : data.series) {  // and one that comes 15 s later than the break is
        if (series.metric == metric::kHostListenOverflows) {
            for (auto& point : series.points) {
                point.value = point.t_s < kFull_s + 15 ? 0 : 100 * (point.t_s - kFull_s - 15);
            }
        }
    }
    EXPECT_FALSE(names(diagnose_again(data), "accept_queue"));
}

// PostgreSQL, the service and the generator on two cores: eleven backends want one, and get 1.7
// together.
TEST(DatabaseCpuOrSlowSql, AFullMachineIsTheDatabasesLimitWhereItsBackendsQueueForIt) {
    Options options;
    options.target = Target::DatabaseCpu;
    options.hold_s = 0.008;
    RunData data = analysed(options).data;
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kContainerCpuSeconds && series.label("role") == "database") {
            for (auto& point : series.points) {
                point.value *= 0.85;  // of 2 cores
            }
        }
        if (series.metric == metric::kCanarySeconds && series.label("canary") == "select_1") {
            for (auto& point : series.points) {
                point.value = 0.002;  // short statements get a turn soon
            }
        }
    }
    for (const char* cpu : {"0", "1"}) {
        add_scraped(data, metric::kHostCpuSeconds, {{"side", "target"}, {"cpu", cpu}},
                    [](double t) { return 0.98 * t; });
    }
    // Every statement is slow there; one that reads little is no slow SQL.
    data.facts["postgres.statements.total_s"] = "100";
    data.facts["postgres.statement.1.total_s"] = "95";
    data.facts["postgres.statement.1.mean_s"] = "0.2";
    data.facts["postgres.statement.1.blocks_per_call"] = "4";
    data.facts["postgres.statement.1.rows_per_call"] = "20";
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "database_cpu") << shown(findings);
    EXPECT_EQ(findings[0].confidence, "medium");
    EXPECT_FALSE(names(findings, "slow_sql"));
}

TEST(FullPool, IsFullFromWhereItStayedSoAndNotFromAnExcursionAtTheEnd) {
    RunData data = analysed({}).data;
    int reading = 0;
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgBackends && series.label("state") == "active") {
            for (auto& point : series.points) {  // every sixth look catches a hand-over
                point.value -= ++reading % 6 == 0 && point.value >= 5 ? 1 : 0;
            }
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_TRUE(names(findings, "app_pool_exhausted")) << shown(findings);
    EXPECT_GT(findings[0].onset_s, 20);
    EXPECT_LT(findings[0].onset_s, 31);
    EXPECT_TRUE(findings[0].against.empty());
}

// Closed users come to stand where it is slow: the mix of requests gets heavier, and no request
// slower.
TEST(FullPool, IsNotDroppedWhereTheMixOfRequestsGotHeavier) {
    RunData data = analysed({}).data;
    for (TickFacts& tick : data.ticks) {
        // A third each; they hold a connection for 5, 5 and 50 ms, which is 20 ms on average.
        for (std::size_t e = 0; e < 3; ++e) {
            tick.endpoints[e].response_s =
                (e == 2 ? 0.052 : 0.007) * static_cast<double>(tick.endpoints[e].requests);
        }
        if (tick.from_s >= kFull_s) {
            // All that is left are the third kind: 5 / 50 ms.
            tick.endpoints[2].served = tick.endpoints[2].requests = 100;
            tick.endpoints[0] = tick.endpoints[1] = {};
            tick.served = 100;
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_pool_exhausted") << shown(findings);
    EXPECT_DOUBLE_EQ(findings[0].values.at("pool_size"), 5);
}

TEST(FullPool, CountsItsUseWhereThatIsAllThatItsMetricsSay) {
    Options options;
    options.database_probe = options.canaries = options.processes = false;
    RunData data = analysed(options).data;
    add_scraped(data, metric::kAppPoolSize, {{"pool", "main"}}, [](double) { return 5; });
    add_scraped(data, metric::kAppPoolUsed, {{"pool", "main"}},
                [](double t) { return std::min(5.0, (25 + 475 * t / 60) * 0.020); });
    const auto findings = diagnose_again(data);
    ASSERT_TRUE(names(findings, "app_pool_exhausted")) << shown(findings);
    EXPECT_DOUBLE_EQ(findings[0].values.at("pool_size"), 5);
}

// A parallel worker that just ended has no backend_type: the probe's role sees everybody else.
TEST(HiddenBackends, OfAReadingNowAndThenAreNoMissingPrivilege) {
    RunData data = analysed({}).data;
    StoredSeries hidden{"postgres",
                        metric::kPgBackends,
                        MetricType::Gauge,
                        {{"datname", "shop"},
                         {"usename", "shop"},
                         {"application_name", "shop-api"},
                         {"state", "hidden"},
                         {"wait_event_type", "hidden"}},
                        {}};
    const auto& times = probe_named(data, "postgres").times_s;
    hidden.points = {{times[60], 1}, {times[200], 1}};
    data.series.push_back(hidden);
    for (const App& app : apps_of(data)) {
        EXPECT_FALSE(app.hidden) << app.shown();
    }
    for (const Finding& finding : diagnose_again(data)) {
        EXPECT_FALSE(mentions(finding.missing, "GRANT pg_monitor"));
    }
}

TEST(MaxConnectionsOrRoom, IsSeenByTheSlotsWhereNoConnectOfOursWasRefused) {
    Options options;
    options.target = Target::MaxConnections;
    options.max_connections = 20;
    options.stages = {{60, 1500}};
    RunData data = analysed(options).data;
    data.errors.clear();
    std::erase_if(data.series, [](const StoredSeries& s) {
        return s.metric == metric::kPgConnectionRefused || s.label("canary") == "pg_connect";
    });
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgConnectionsUsedRatio) {
            for (auto& point : series.points) {
                point.value = point.value > 0.85 ? 1 : point.value;
            }
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "max_connections") << shown(findings);
}

// Idle connections that are opened and forgotten until PostgreSQL has no slot left.
TEST(LeakOrMaxConnections, WhatNobodyUsesIsALeakWhateverItHits) {
    Options options;
    options.pool = 50;
    options.start = 40;
    options.stages = {{60, 40}};
    RunData data = analysed(options).data;
    data.load_end_s = 50;  // the last 10 s show that they stay
    const auto held = [](double t) { return std::clamp(t - 5, 0.0, 17.0); };  // one more a second
    const Labels labels{{"datname", "shop"},
                        {"usename", "shop"},
                        {"application_name", "shop-api"},
                        {"state", "idle"}};
    std::erase_if(data.series, [](const StoredSeries& s) {
        return s.metric == metric::kPgBackends && s.label("state") == "idle" &&
               s.label("application_name") == "shop-api";
    });
    add_series(data, "postgres", metric::kPgStale, MetricType::Gauge, labels, held);
    Labels more = labels;
    more.emplace_back("wait_event_type", "Client");
    add_series(data, "postgres", metric::kPgBackends, MetricType::Gauge, more, held);
    for (TickFacts& tick : data.ticks) {
        if (tick.from_s >= 20) {
            tick.ok = tick.served = 4;
            for (TickEndpoint& endpoint : tick.endpoints) {
                endpoint.served = endpoint.served / 10;
            }
        }
    }
    StoredError refused;
    refused.sample.text = "FATAL: sorry, too many clients already";
    refused.sample.count = 1400;
    refused.first_s = 20;
    refused.last_s = 60;
    data.errors = {refused};
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "connection_leak") << shown(findings);
    EXPECT_FALSE(names(findings, "max_connections"));
}

/// Of the whole run's requests this share lost its connection before any answer.
void cut_connections(RunData& data, double share) {
    StatusCount cut{0, Outcome::ConnectReset, 0};
    cut.count = static_cast<std::uint64_t>(share * static_cast<double>(data.all.requests));
    data.all.statuses.push_back(cut);
    StoredError error;
    error.sample.text = "Connection reset by peer";
    error.sample.count = cut.count;
    error.first_s = 0.5;
    error.last_s = 60;
    data.errors.push_back(error);
}

TEST(CutConnections, AreALeadWhereNothingElseExplainsThem) {
    Options options;
    options.stages = {{60, 100}};  // nothing is ever full
    RunData data = analysed(options).data;
    EXPECT_TRUE(diagnose_again(data).empty());
    cut_connections(data, 0.3);
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U) << shown(findings);
    EXPECT_EQ(findings[0].cause, "network");
    EXPECT_EQ(findings[0].confidence, "low");  // the target itself may have cut them
    EXPECT_DOUBLE_EQ(findings[0].onset_s, 0.5);
    EXPECT_TRUE(mentions(findings[0].evidence, "lost their connection before any answer"));
}

TEST(CutConnections, OfOneInAThousandAreNoFinding) {
    Options options;
    options.stages = {{60, 100}};
    RunData data = analysed(options).data;
    cut_connections(data, 0.001);
    EXPECT_TRUE(diagnose_again(data).empty());
}

TEST(CutConnections, AreAConsequenceOfWhatIsFull) {
    RunData data = analysed({}).data;
    const auto before = diagnose_again(data);
    cut_connections(data, 0.3);
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), before.size()) << shown(findings);
    EXPECT_EQ(findings[0].cause, before[0].cause);
}

TEST(Unknown, SaysWhatWasRuledOutWhatRemainsAndOneExperiment) {
    RunData data = analysed({}).data;
    for (TickFacts& tick : data.ticks) {
        if (tick.from_s > kFull_s) {
            tick.served /= 3;  // the same five busy connections do a third of the work
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U) << shown(findings);
    ASSERT_EQ(findings[0].cause, "unknown");
    EXPECT_TRUE(mentions(findings[0].evidence,
                         "ruled out: workers, event loop and accept queue (a "
                         "URL without database took 1.5"));
    EXPECT_TRUE(mentions(findings[0].evidence,
                         "ruled out: the application's CPU (the application "
                         "used 0.0"));
    EXPECT_TRUE(mentions(findings[0].evidence, "ruled out: locks (0 % of active backends waited"));
    EXPECT_TRUE(mentions(findings[0].evidence,
                         "what remains possible: the connection pool: of the 5 connections"));
    EXPECT_EQ(findings[0].fix.rfind("One experiment tells: run again with the slowest endpoint", 0),
              0U)
        << findings[0].fix;
    EXPECT_TRUE(findings[0].missing.empty());
}

TEST(Unknown, AsksFirstForTheProbeThatHalvesWhatRemains) {
    Options options;
    options.database_probe = options.canaries = options.processes = false;
    const Finding finding = analysed(options).finding("unknown");
    EXPECT_EQ(finding.fix.rfind("One experiment tells: add probes.canaries.no_database", 0), 0U)
        << finding.fix;
    EXPECT_TRUE(mentions(finding.evidence, "what remains possible: its workers or its event loop"));
}

TEST(Applications, WithoutANameAreCalledByTheirUserAndNeverByNothing) {
    App app;
    app.usename = "web";
    EXPECT_EQ(app.shown(), "web");
    app.usename.clear();
    EXPECT_EQ(app.shown(), "(without a name)");
}

}  // namespace
}  // namespace plimsoll
