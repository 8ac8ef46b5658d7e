// Shapes that services of other kinds have, and what must not be concluded from them.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "changed_run.hpp"
#include "signal/names.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;

/// Nothing of medium or high confidence but what is `allowed`.
void expect_only(const std::vector<Finding>& findings, const std::string& allowed) {
    for (const Finding& finding : findings) {
        EXPECT_TRUE(finding.cause == allowed || rank_of(finding) == 2)
            << shown(findings) << finding.evidence.front().text << "; "
            << finding.evidence.back().text;
    }
}

/// The synthetic run without its full pool.
RunData without_backends() {
    RunData data = analysed({}).data;
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kPgBackends; });
    return data;
}

/// The application's CPU: `before` cores, and `after` from the break on.
void set_app_cpu(RunData& data, double before, double after) {
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kContainerCpuSeconds && series.label("role") == "app") {
            for (auto& point : series.points) {
                point.value = before * std::min(point.t_s, kFull_s) +
                              after * std::max(0.0, point.t_s - kFull_s);
            }
        }
    }
}

void set_host_cpu(RunData& data, double share) {
    for (const char* cpu : {"0", "1"}) {
        add_scraped(data, metric::kHostCpuSeconds, {{"side", "target"}, {"cpu", cpu}},
                    [=](double t) { return share * t; });
    }
}

// Spring Boot: two hundred threads, all of which wait for one of five connections in the end, so
// that everything is slow. The pool itself says who waits for what.
TEST(OtherStacks, APoolThatSaysItHasAQueueIsNoWorkerPool) {
    RunData data = analysed({}).data;
    name_server(data, "java");
    slow_canary(data, kFull_s);
    add_scraped(data, metric::kAppPoolSize, {{"pool", "HikariPool-1"}}, [](double) { return 5; });
    add_scraped(data, metric::kAppPoolUsed, {{"pool", "HikariPool-1"}},
                [](double t) { return std::min(5.0, (25 + 475 * t / 60) * 0.020); });
    add_scraped(data, metric::kAppPoolPending, {{"pool", "HikariPool-1"}},
                [](double t) { return t < kFull_s ? 0 : 122; });
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_pool_exhausted") << shown(findings);
    EXPECT_EQ(findings[0].confidence, "medium");  // the URL without database speaks against it
    EXPECT_DOUBLE_EQ(findings[0].values.at("pool_size"), 5);
    EXPECT_LT(findings[0].onset_s, kFull_s + 1.5);
    EXPECT_GT(findings[0].onset_s, kFull_s - 8);  // five are all busy by chance for a while before
    expect_only(findings, "app_pool_exhausted");
}

// Spring's /actuator/health asks the database: named as the URL that needs none, it waits with the
// pool, exactly as it would for as many workers.
TEST(OtherStacks, AHealthCheckThatAsksTheDatabaseMakesNoSureWorkerPool) {
    RunData data = analysed({}).data;
    name_server(data, "java");
    slow_canary(data, kFull_s);
    expect_only(diagnose_again(data), "app_pool_exhausted");
}

// gunicorn takes one request per worker, whose connection is busy whenever it is.
TEST(OtherStacks, OneSyncWorkerIsAWorkerPoolOfOneAndNoBlockedLoop) {
    Options options;
    options.pool = 1;
    options.start = 5;
    options.stages = {{60, 100}};  // one worker at 22 ms: 45/s
    RunData data = analysed(options).data;
    name_server(data, "gunicorn");
    slow_canary(data, 60 * 45.0 / 95);
    EXPECT_EQ(diagnose_again(data)[0].cause, "unknown");  // many threads may share one connection
    add_threads(data, 1.1);
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "worker_pool") << shown(findings);
    EXPECT_DOUBLE_EQ(findings[0].values.at("workers"), 1);
    expect_only(findings, "worker_pool");
    // A process whose kind nobody knows may be either.
    name_server(data, "shop");
    expect_only(diagnose_again(data), "none");
}

// Two processes of an event loop each are no worker pool of two, where their name says so.
TEST(OtherStacks, TwoLoopsAreNoWorkerPool) {
    Options options;
    options.pool = 2;
    options.start = 10;
    options.stages = {{60, 200}};
    RunData data = analysed(options).data;
    data.facts["env.cores"] = "2";
    name_server(data, "uvicorn");
    slow_canary(data, 60 * 90.0 / 190);
    std::erase_if(data.series, [](const StoredSeries& s) {  // the calls that block need no database
        return s.metric == metric::kPgBackends && s.label("state") == "active";
    });
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "event_loop_blocked") << shown(findings);
    EXPECT_EQ(findings[0].confidence, "low");  // how many processes there are, nobody counted
}

// Django without persistent connections opens one per request; no canary looked.
TEST(OtherStacks, SyncWorkersWithAConnectionPerRequestAreALeadByTheirName) {
    Options options;
    options.pool = 2;
    options.start = 10;
    options.stages = {{60, 200}};
    options.canaries = false;
    RunData data = analysed(options).data;
    name_server(data, "gunicorn");
    std::erase_if(data.series, [](const StoredSeries& s) {
        return s.metric == metric::kPgBackends && s.label("state") == "idle" &&
               s.label("application_name") == "shop-api";
    });
    for (StoredSeries& series : data.series) {  // every third look finds one that is just opening
        if (series.metric == metric::kPgBackends && series.label("state") == "active") {
            for (std::size_t i = 0; i < series.points.size(); i += 3) {
                series.points[i].value = 0;
            }
        }
    }
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "worker_pool") << shown(findings);
    EXPECT_EQ(findings[0].confidence, "low");
    EXPECT_DOUBLE_EQ(findings[0].values.at("workers"), 2);
}

// Workers of a queue on the same database are busy whatever is asked of the service.
TEST(OtherStacks, ConnectionsThatWereAsBusyBeforeAreSomebodyElses) {
    RunData data = analysed({}).data;
    add_series(data, "postgres", metric::kPgBackends, MetricType::Gauge,
               {{"datname", "shop"},
                {"usename", "batch"},
                {"application_name", "celery"},
                {"state", "active"},
                {"wait_event_type", "Timeout"}},
               [](double) { return 10; });
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_pool_exhausted") << shown(findings);
    EXPECT_DOUBLE_EQ(findings[0].values.at("pool_size"), 5);
}

// The port is nginx's: its CPU is not the application's.
TEST(OtherStacks, TheCpuOfAProxyInFrontRulesNothingOut) {
    RunData data = analysed({}).data;
    name_server(data, "nginx");
    const Break found = find_breaking_point(data);
    EXPECT_EQ(app_cpu_of(Case(data, found)).level, Level::Unknown);
    name_server(data, "node");
    EXPECT_EQ(app_cpu_of(Case(data, found)).level, Level::Room);
}

// A JVM at one core of two has another one to go on; a Node process has not.
TEST(OtherStacks, OneCoreIsALimitOnlyOfWhatRunsOneThread) {
    RunData data = without_backends();
    slow_canary(data, kFull_s);
    set_app_cpu(data, 0.4, 0.98);
    name_server(data, "node");
    const auto node = diagnose_again(data);
    ASSERT_FALSE(node.empty());
    EXPECT_EQ(node[0].cause, "app_cpu") << shown(node);
    name_server(data, "java");
    expect_only(diagnose_again(data), "none");
}

/// How busy the busiest thread of the target was from the break on.
void set_hottest_thread(RunData& data, double after) {
    add_scraped(data, metric::kTargetHottest, {},
                [=](double t) { return t < kFull_s ? 0.4 : after; });
}

// A program of a name that says nothing, at one core of two: one of its threads is at its end, or
// many use as much by chance.
TEST(OtherStacks, AThreadAtTheEndOfItsCoreIsALimitOfWhateverRunsIt) {
    RunData data = without_backends();
    slow_canary(data, kFull_s);
    set_app_cpu(data, 0.4, 0.98);
    name_server(data, "shopd");
    RunData many = data;
    set_hottest_thread(many, 0.3);
    expect_only(diagnose_again(many), "none");
    set_hottest_thread(data, 0.97);
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_cpu") << shown(findings);
    EXPECT_TRUE(mentions(findings[0].evidence, "its busiest thread used 97 % of a core"));

    // Nobody looked at the process as a whole: the others may have more than that thread has.
    RunData alone = data;
    std::erase_if(alone.series, [](const StoredSeries& s) {
        return s.metric == metric::kContainerCpuSeconds && s.label("role") == "app";
    });
    expect_only(diagnose_again(alone), "none");

    // And what needs nothing is answered at once: that thread does something else.
    RunData fast = without_backends();
    set_app_cpu(fast, 0.4, 0.98);
    set_hottest_thread(fast, 0.97);
    expect_only(diagnose_again(fast), "none");
}

// A collector of one thread stops all others: that is never more than a core of two.
TEST(OtherStacks, AThreadThatCollectsMostOfTheTimeIsWhatAllWaitFor) {
    for (const double gc : {0.75, 0.15}) {
        RunData data = without_backends();
        slow_canary(data, kFull_s);
        set_app_cpu(data, 0.4, 0.86);
        add_scraped(data, metric::kTargetGcCpu, {}, [=](double t) {
            return 0.02 * std::min(t, kFull_s) + gc * std::max(0.0, t - kFull_s);
        });
        name_server(data, "java");
        const auto findings = diagnose_again(data);
        if (gc < 0.5) {
            expect_only(findings, "none");
            continue;
        }
        ASSERT_FALSE(findings.empty());
        EXPECT_EQ(findings[0].cause, "gc_pause") << shown(findings);
        EXPECT_TRUE(mentions(findings[0].evidence, "for up to 75 % of the time"));
    }
    // So it was under light load, too, and the URL that needs nothing has waited all along.
    RunData always = without_backends();
    set_app_cpu(always, 0.7, 0.86);
    add_scraped(always, metric::kTargetGcCpu, {}, [](double t) {
        return 0.6 * std::min(t, kFull_s) + 0.75 * std::max(0.0, t - kFull_s);
    });
    name_server(always, "java");
    const auto findings = diagnose_again(always);
    expect_only(findings, "none");
    EXPECT_NE(shown(findings).find("gc_pause(low)"), std::string::npos) << shown(findings);
}

// Neighbours have the CPU for most of the time that the collector wants it.
TEST(OtherStacks, ACollectorThatWaitsForACpuWantsIt) {
    for (const double waited : {0.0, 0.5}) {
        RunData data = without_backends();
        slow_canary(data, kFull_s);
        set_app_cpu(data, 0.1, 0.32);
        add_scraped(data, metric::kTargetGcCpu, {},
                    [](double t) { return 0.28 * std::max(0.0, t - kFull_s); });
        add_scraped(data, metric::kTargetRunDelay, {},
                    [=](double t) { return waited * std::max(0.0, t - kFull_s); });
        name_server(data, "java");
        const auto findings = diagnose_again(data);
        if (waited <= 0) {
            EXPECT_EQ(shown(findings).find("gc_pause"), std::string::npos) << shown(findings);
            continue;
        }
        ASSERT_FALSE(findings.empty());
        EXPECT_EQ(findings[0].cause, "gc_pause") << shown(findings);
    }
}

// A loop that is at its end burns most of its time for requests that fail: those take no more than
// they did.
TEST(OtherStacks, WorkOnRequestsThatFailIsNoPartOfWhatARequestTakes) {
    RunData data = without_backends();
    slow_canary(data, kFull_s);
    set_app_cpu(data, 0.9, 0.98);
    name_server(data, "node");
    const double before = diagnose_again(data).at(0).values.at("cpu_s_per_request");
    for (TickFacts& tick : data.ticks) {
        if (tick.middle_s() > kFull_s) {
            tick.served /= 4;
        }
    }
    EXPECT_NEAR(diagnose_again(data).at(0).values.at("cpu_s_per_request"), before, 0.1 * before);
}

// Three workers of one thread each on a machine of eight cores.
TEST(OtherStacks, AsManyCoresAsProcessesAreALimitOfSingleThreads) {
    RunData data = without_backends();
    slow_canary(data, kFull_s);
    data.facts["env.cores"] = "8";
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kContainerCpuLimit; });
    set_app_cpu(data, 1.2, 2.94);
    add_scraped(data, metric::kTargetWorkers, {}, [](double) { return 3; });
    name_server(data, "gunicorn");
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_cpu") << shown(findings);
    EXPECT_TRUE(mentions(findings[0].evidence, "a core for each of its 3 processes"));
    RunData uncounted = data;
    std::erase_if(uncounted.series,
                  [](const StoredSeries& s) { return s.metric == metric::kTargetWorkers; });
    expect_only(diagnose_again(uncounted), "none");
    name_server(data, "java");
    expect_only(diagnose_again(data), "none");
}

// Go uses all cores, and shares them with database and generator: at 1.2 of 2 the machine is full.
TEST(OtherStacks, TheGreatestUserOfAFullMachineIsAtItsLimit) {
    RunData data = without_backends();
    slow_canary(data, kFull_s);
    set_app_cpu(data, 0.4, 1.25);
    name_server(data, "shop");
    expect_only(diagnose_again(data), "none");
    set_host_cpu(data, 0.97);
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "app_cpu") << shown(findings);
    EXPECT_TRUE(mentions(findings[0].evidence, "the machine as a whole was busy for 97 %"));
}

// The first requests of a JVM compile what they run.
TEST(OtherStacks, AWarmUpIsNoPartOfWhatARequestTakes) {
    RunData data = analysed({}).data;
    for (std::size_t i = 0; i < 2; ++i) {
        for (TickEndpoint& endpoint : data.ticks[i].endpoints) {
            endpoint.response_s *= 10;
        }
    }
    const Break found = find_breaking_point(data);
    const auto at_once = worked_at_once(Case(data, found));
    ASSERT_TRUE(at_once.has_value());
    EXPECT_NEAR(*at_once, 5.5, 0.3);  // 250/s × 22 ms
}

// Transactions that wait for a stalled service with a connection in hand: one for each request.
TEST(OtherStacks, ConnectionsThatRequestsUnderWayHoldAreNotForgotten) {
    Options options;
    options.pool = 50;
    options.start = 20;
    options.stages = {{60, 20}};
    RunData data = analysed(options).data;
    const auto held = [](double t) { return std::clamp((t - 25) * 2, 0.0, 40.0); };
    for (TickFacts& tick : data.ticks) {
        if (tick.from_s >= 20) {
            tick.state.in_flight_mean = std::min(100.0, (tick.from_s - 19) * 4);
            tick.state.in_flight = static_cast<std::uint32_t>(tick.state.in_flight_mean);
            tick.served = tick.ok = tick.requests = 0;
        }
    }
    const Labels labels{{"datname", "shop"},
                        {"usename", "shop"},
                        {"application_name", "shop-api"},
                        {"state", "idle in transaction"}};
    add_series(data, "postgres", metric::kPgStale, MetricType::Gauge, labels, held);
    add_series(data, "postgres", metric::kPgIdleInTransaction, MetricType::Gauge, {},
               [](double t) { return std::max(0.0, t - 20); });
    for (const Finding& finding : diagnose_again(data)) {
        EXPECT_NE(finding.cause, "connection_leak");
    }
}

// Names given as a connection is opened are not a pooler's: pgjdbc has other words for it.
TEST(OtherStacks, OnlyPgbouncersWordsSpeakOfAPooler) {
    RunData data = analysed({}).data;
    data.facts["postgres.statements.total_s"] = "10";
    data.facts["postgres.statement.4.sql"] = "SET application_name = 'shop-api'";
    data.facts["postgres.statement.4.calls"] = "5";
    const auto named = diagnose_again(data);
    ASSERT_FALSE(named.empty());
    EXPECT_EQ(named[0].cause, "app_pool_exhausted") << shown(named);
    data.facts["postgres.statement.4.sql"] = "SET application_name='shop-api'";
    const auto lent = diagnose_again(data);
    ASSERT_FALSE(lent.empty());
    EXPECT_EQ(lent[0].cause, "pgbouncer_pool") << shown(lent);
    EXPECT_EQ(lent[0].confidence, "low");
}

// The counter is the machine's: somebody else's listener may overflow.
TEST(OtherStacks, OverflowsWhileConnectsStayFastAreDoubtful) {
    RunData data = without_backends();
    add_scraped(data, metric::kHostListenOverflows, {{"side", "target"}},
                [](double t) { return t < 30 ? 0 : 100 * (t - 30); });
    add_series(data, "canary", metric::kCanarySeconds, MetricType::Gauge,
               {{"canary", "tcp_connect"}}, [](double) { return 0.0002; });
    for (const Finding& finding : diagnose_again(data)) {
        EXPECT_NE(finding.confidence, "high") << finding.cause;
    }
}

}  // namespace
}  // namespace plimsoll
