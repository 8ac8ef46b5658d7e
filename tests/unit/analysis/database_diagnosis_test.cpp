// Causes that PostgreSQL's and PgBouncer's own figures tell, planted into synthetic runs.
#include "analysis/diagnosis/diagnose.hpp"
#include "changed_run.hpp"
#include "signal/names.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;

constexpr double kBreak_s = 28.4;  // of the default run: a pool of 5, held 20 ms, full at 250/s

std::string causes(const std::vector<Finding>& findings) {
    std::string all;
    for (const Finding& finding : findings) {
        all += (all.empty() ? "" : ",") + finding.cause;
    }
    return all;
}
Finding finding_of(const std::vector<Finding>& findings, const std::string& cause) {
    for (const Finding& finding : findings) {
        if (finding.cause == cause) {
            return finding;
        }
    }
    ADD_FAILURE() << "no finding " << cause << "; found: " << causes(findings);
    return {};
}

double ramp(double t_s) {
    return 25 + 475.0 * t_s / 60;  // arrivals per second of the default run
}

/// The default run with its five connections being PgBouncer's.
RunData with_full_pooler() {
    RunData data = analysed({}).data;
    const auto pool = [&](const char* metric, const std::function<double(double)>& at) {
        add_series(data, "pgbouncer", metric, MetricType::Gauge,
                   {{"database", "shop"}, {"user", "web"}}, at);
    };
    const auto busy = [](double t) { return std::min(5.0, ramp(t) * 0.020); };
    pool(metric::kPgbouncerWaiting,
         [](double t) { return t < kBreak_s ? 0 : (t - kBreak_s) * 20; });
    pool(metric::kPgbouncerActive, [&](double t) { return t < kBreak_s ? busy(t) : 5; });
    pool(metric::kPgbouncerIdle, [&](double t) { return t < kBreak_s ? 5 - busy(t) : 0; });
    pool(metric::kPgbouncerMaxWait, [](double t) { return std::max(0.0, (t - kBreak_s) / 20); });
    pool(metric::kPgbouncerPoolSize, [](double) { return 5; });
    double transactions = 0;
    double seconds = 0;
    add_series(data, "pgbouncer", metric::kPgbouncerTransactions, MetricType::Counter,
               {{"database", "shop"}},
               [&](double t) { return transactions += 0.2 * busy(t) / 0.02; });
    add_series(data, "pgbouncer", metric::kPgbouncerTransactionSeconds, MetricType::Counter,
               {{"database", "shop"}}, [&](double t) { return seconds += 0.2 * busy(t); });
    return data;
}

TEST(PgbouncerPool, IsFoundWithItsSizeInsteadOfAnApplicationsPool) {
    const auto findings = diagnose_again(with_full_pooler());
    ASSERT_EQ(causes(findings), "pgbouncer_pool");
    const Finding& finding = findings[0];
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_NEAR(finding.onset_s, kBreak_s, 1);
    EXPECT_DOUBLE_EQ(finding.values.at("pool_size"), 5);
    EXPECT_NEAR(finding.values.at("hold_s"), 0.020, 0.0001);
    EXPECT_NEAR(finding.values.at("needed_connections"), 10, 0.3);     // 500/s × 20 ms
    EXPECT_DOUBLE_EQ(finding.values.at("recommended_pool_size"), 17);  // ⌈10 + 2√10⌉
    EXPECT_NE(finding.fix.find("from 5 to 17"), std::string::npos) << finding.fix;
}

// PgBouncer 1.18 counts the waiting for a server connection as transaction time too.
TEST(PgbouncerPool, IsSizedByTheHoldAloneWhereTransactionTimeHoldsTheWaiting) {
    RunData data = with_full_pooler();
    const auto queue = [](double t) { return t < kBreak_s ? 0 : (t - kBreak_s) * 20; };
    double waited = 0;
    add_series(data, "pgbouncer", metric::kPgbouncerWaitSeconds, MetricType::Counter,
               {{"database", "shop"}}, [&](double t) { return waited += 0.2 * queue(t); });
    double more = 0;
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgbouncerTransactionSeconds) {
            for (auto& point : series.points) {
                point.value += more += 0.2 * queue(point.t_s);
            }
        }
    }
    const Finding finding = finding_of(diagnose_again(data), "pgbouncer_pool");
    EXPECT_NEAR(finding.values.at("hold_s"), 0.020, 0.001);
    EXPECT_NEAR(finding.values.at("recommended_pool_size"), 17, 1);
}

TEST(PgbouncerPool, IsKnownByItsClientsErrorsWhereNobodyReadItsConsole) {
    RunData data = analysed({}).data;
    StoredError error;
    error.sample.text = R"({"error":"query_wait_timeout"})";
    error.sample.count = 40;
    error.first_s = 35;
    error.last_s = 60;
    data.errors = {error};
    const Finding finding = finding_of(diagnose_again(data), "pgbouncer_pool");
    EXPECT_EQ(finding.confidence, "medium");
    EXPECT_TRUE(mentions(finding.evidence, "40 answers say so"));
    EXPECT_TRUE(mentions(finding.missing, "probes.pgbouncer"));
}

TEST(PgbouncerPool, IsNotBlamedWhereNobodyWaitsForIt) {
    RunData data = with_full_pooler();
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgbouncerWaiting) {
            for (auto& point : series.points) {
                point.value = 0;
            }
        }
    }
    EXPECT_EQ(causes(diagnose_again(data)), "app_pool_exhausted");
}

TEST(PgbouncerPool, IsNotBlamedWhereItsConnectionsWaitForLocks) {
    RunData data = with_full_pooler();
    for (StoredSeries& series : data.series) {
        for (auto& [name, value] : series.labels) {
            if (name == "wait_event_type" && value == "Timeout") {
                value = "Lock";
            }
        }
    }
    EXPECT_EQ(causes(diagnose_again(data)), "lock_contention");
}

TEST(PgbouncerPool, IsFoundFullOfClients) {
    RunData data = analysed({}).data;
    add_series(data, "pgbouncer", metric::kPgbouncerMaxConnections, MetricType::Gauge, {},
               [](double) { return 100; });
    add_series(data, "pgbouncer", metric::kPgbouncerConnections, MetricType::Gauge, {},
               [](double t) { return std::min(100.0, 4 * t); });
    const Finding finding = finding_of(diagnose_again(data), "pgbouncer_pool");
    EXPECT_EQ(finding.confidence, "medium");
    EXPECT_DOUBLE_EQ(finding.values.at("max_client_conn"), 100);
    EXPECT_NEAR(finding.onset_s, 24.5, 0.5);  // 98 of 100 clients
}

/// The default run in which, from 10 s on, a connection more is forgotten every 5 s.
RunData with_leak(const char* state, bool released) {
    RunData data = analysed({}).data;
    const auto held = [](double t) { return std::clamp(std::floor((t - 10) / 5), 0.0, 5.0); };
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgBackends && series.label("state") == "active") {
            for (auto& point : series.points) {
                point.value = std::max(0.0, point.value - held(point.t_s));
            }
        }
    }
    std::vector<std::pair<std::string, std::string>> labels;
    for (const StoredSeries& series : data.series) {
        if (series.metric == metric::kPgBackends &&
            series.label("application_name") == "shop-api") {
            labels = {{"datname", series.label("datname")},
                      {"usename", series.label("usename")},
                      {"application_name", "shop-api"}};
        }
    }
    labels.emplace_back("state", state);
    const auto now = [&, released](double t) { return released && t > 40 ? 0.0 : held(t); };
    add_series(data, "postgres", metric::kPgStale, MetricType::Gauge, labels, now);
    labels.emplace_back("wait_event_type", "Client");
    add_series(data, "postgres", metric::kPgBackends, MetricType::Gauge, labels, now);
    add_series(data, "postgres", metric::kPgIdleInTransaction, MetricType::Gauge, {},
               [&](double t) { return now(t) > 0 ? t - 10 : 0.0; });
    for (TickFacts& tick : data.ticks) {
        if (tick.from_s > 35) {
            tick.served /= 10;
        } else {
            // Those that do not need the database are answered at once: few are under way.
            tick.state.in_flight_mean /= 10;
        }
    }
    return data;
}

TEST(ConnectionLeak, IsFoundWhereHeldConnectionsOnlyGrowAndStay) {
    for (const std::string state : {"idle in transaction", "idle"}) {
        const auto findings = diagnose_again(with_leak(state.c_str(), false));
        const Finding finding = finding_of(findings, "connection_leak");
        EXPECT_EQ(finding.confidence, state == "idle" ? "medium" : "high");
        EXPECT_DOUBLE_EQ(finding.values.at("held"), 5);
        EXPECT_DOUBLE_EQ(finding.values.at("held_after_load"), 5);
        EXPECT_NEAR(finding.onset_s, 15, 0.5);
        EXPECT_EQ(causes(findings).find("idle_in_transaction"), std::string::npos);
        EXPECT_EQ(causes(findings).find("app_pool_exhausted"), std::string::npos);
    }
}

TEST(ConnectionLeak, IsDoubtfulWhereTheConnectionsComeBackAfterTheLoad) {
    RunData data = with_leak("idle in transaction", false);
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgStale) {
            std::erase_if(series.points, [](const auto& point) { return point.t_s >= 60; });
        }
    }
    const Finding finding = finding_of(diagnose_again(data), "connection_leak");
    EXPECT_EQ(finding.confidence, "low");
    EXPECT_TRUE(mentions(finding.against, "after the load only 0"));
}

TEST(ConnectionLeak, IsNotSeenInConnectionsThatComeBack) {
    EXPECT_EQ(causes(diagnose_again(with_leak("idle in transaction", true))).find("leak"),
              std::string::npos);
}

TEST(ConnectionLeak, IsNotSeenInAPoolThatIsLargerThanItsLoadNeeds) {
    RunData data = with_leak("idle", false);
    for (TickFacts& tick : data.ticks) {
        if (tick.from_s > 35) {
            tick.served *= 10;  // as much gets through as before
        }
    }
    EXPECT_EQ(causes(diagnose_again(data)).find("leak"), std::string::npos);
}

/// The default run whose active backends wait for `event` of `type`, `share` of them.
RunData with_waits(const char* type, const char* event, double share) {
    RunData data = analysed({}).data;
    add_series(data, "postgres", metric::kPgWaiting, MetricType::Gauge,
               {{"wait_event_type", type}, {"wait_event", event}},
               [=](double t) { return share * std::min(5.0, ramp(t) * 0.020); });
    return data;
}

TEST(DatabaseIo, IsFoundByWhatActiveBackendsWaitFor) {
    RunData data = with_waits("IO", "WALSync", 0.8);
    add_series(data, "postgres", "plimsoll_pg_wal_bytes_total", MetricType::Counter, {},
               [](double t) { return t * 12e6; });
    const Finding finding = finding_of(diagnose_again(data), "database_io");
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_NEAR(finding.values.at("io_share"), 0.8, 0.02);
    EXPECT_DOUBLE_EQ(finding.values.at("wal_share"), 1);
    EXPECT_TRUE(mentions(finding.evidence, "12.0 MB/s"));
    EXPECT_NE(finding.fix.find("Commit less often"), std::string::npos);
    const Finding reads =
        finding_of(diagnose_again(with_waits("IO", "DataFileRead", 0.5)), "database_io");
    EXPECT_NE(reads.fix.find("shared_buffers"), std::string::npos);
}

TEST(DatabaseIo, IsNotSeenInOtherWaitsOrFewOfThem) {
    EXPECT_EQ(causes(diagnose_again(with_waits("LWLock", "BufferMapping", 0.8))).find("io"),
              causes(diagnose_again(analysed({}).data)).find("io"));
    EXPECT_EQ(causes(diagnose_again(with_waits("IO", "WALSync", 0.2))).find("database_io"),
              std::string::npos);
}

/// A database busy with one statement, by pg_stat_statements.
RunData with_statement(double mean_s, double blocks, double rows, double share) {
    Options options;
    options.target = synthetic::Target::DatabaseCpu;
    options.hold_s = 0.008;
    RunData data = analysed(options).data;
    data.facts["postgres.statements.total_s"] = "100";
    data.facts["postgres.statement.1.sql"] = "SELECT * FROM orders WHERE email = $1";
    data.facts["postgres.statement.1.total_s"] = std::to_string(100 * share);
    data.facts["postgres.statement.1.mean_s"] = std::to_string(mean_s);
    data.facts["postgres.statement.1.blocks_per_call"] = std::to_string(blocks);
    data.facts["postgres.statement.1.rows_per_call"] = std::to_string(rows);
    return data;
}

TEST(SlowSql, IsFoundByTheBlocksThatARowCosts) {
    const Finding finding =
        finding_of(diagnose_again(with_statement(0.008, 4400, 1, 0.9)), "slow_sql");
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_TRUE(mentions(finding.evidence, "SELECT * FROM orders WHERE email = $1"));
    EXPECT_TRUE(mentions(finding.evidence, "4400 blocks (36 MB)"));
    EXPECT_DOUBLE_EQ(finding.values.at("statement_share"), 0.9);
}

TEST(SlowSql, IsNotSeenInAStatementThatIsQuickOrOneOfMany) {
    EXPECT_EQ(causes(diagnose_again(with_statement(0.008, 12, 1, 0.9))), "database_cpu");
    EXPECT_EQ(causes(diagnose_again(with_statement(0.2, 4400, 1, 0.3))), "database_cpu");
    EXPECT_EQ(causes(diagnose_again(with_statement(0.008, 4400, 4000, 0.9))), "database_cpu");
}

TEST(SlowSql, IsNotSeenInAStatementThatSleeps) {
    RunData data = analysed({}).data;  // its backends wait for a timer
    data.facts["postgres.statements.total_s"] = "100";
    data.facts["postgres.statement.1.total_s"] = "99";
    data.facts["postgres.statement.1.mean_s"] = "0.2";
    EXPECT_EQ(causes(diagnose_again(data)), "app_pool_exhausted");
}

/// A database without pg_stat_statements that used all its CPU, and what was read from end to end.
RunData with_scans(double rows_per_scan, double rows) {
    Options options;
    options.target = synthetic::Target::DatabaseCpu;
    options.hold_s = 0.008;
    RunData data = analysed(options).data;
    data.facts["postgres.scans.rows"] = std::to_string(rows);
    data.facts["postgres.scan.1.table"] = "public.orders";
    data.facts["postgres.scan.1.scans"] = std::to_string(rows / rows_per_scan);
    data.facts["postgres.scan.1.rows"] = std::to_string(rows);
    data.facts["postgres.scan.1.rows_per_scan"] = std::to_string(rows_per_scan);
    return data;
}

TEST(SlowSql, IsFoundByTablesThatAreReadFromEndToEnd) {
    // 60 s of two cores and less: 1,000 million rows are 8 million and more for each second of CPU.
    const auto findings = diagnose_again(with_scans(200'000, 1e9));
    const Finding finding = finding_of(findings, "slow_sql");
    EXPECT_EQ(findings[0].cause, "slow_sql") << shown(findings);
    EXPECT_TRUE(mentions(finding.evidence,
                         "public.orders was read from end to end 5000 times, 200000 rows each"));
    EXPECT_NE(finding.fix.find("public.orders"), std::string::npos);
    EXPECT_TRUE(std::any_of(finding.missing.begin(), finding.missing.end(), [](const auto& what) {
        return what.find("pg_stat_statements") != std::string::npos;
    }));
}

TEST(SlowSql, IsNotSeenInScansOfSmallTablesOrFewRows) {
    EXPECT_EQ(causes(diagnose_again(with_scans(500, 1e9))), "database_cpu");
    EXPECT_EQ(causes(diagnose_again(with_scans(200'000, 2e7))), "database_cpu");
}

TEST(LockContention, NamesTheStatementsAtBothEnds) {
    RunData data = analysed({}).data;
    for (StoredSeries& series : data.series) {
        for (auto& [name, value] : series.labels) {
            if (name == "wait_event_type" && value == "Timeout") {
                value = "Lock";
            }
        }
    }
    EXPECT_EQ(finding_of(diagnose_again(data), "lock_contention").confidence, "medium");
    data.facts["postgres.blocking.samples"] = "12";
    data.facts["postgres.blocking.1.samples"] = "11";
    data.facts["postgres.blocking.1.waiters"] = "4";
    data.facts["postgres.blocking.1.blocker_sql"] = "UPDATE stock SET n = n - ? WHERE id = ?";
    data.facts["postgres.blocking.1.waiter_sql"] = "UPDATE stock SET n = n - ? WHERE id = ?";
    const Finding finding = finding_of(diagnose_again(data), "lock_contention");
    EXPECT_EQ(finding.confidence, "high");
    EXPECT_TRUE(mentions(finding.evidence,
                         "in 11 of 12 looks, up to 4 backends waited for one of "
                         "an application without a name"));
    data.facts["postgres.blocking.1.waiters"] = "1";
    data.facts["postgres.blocking.1.blocker_application"] = "shop-api";
    EXPECT_TRUE(mentions(finding_of(diagnose_again(data), "lock_contention").evidence,
                         "up to 1 backend waited for one of \"shop-api\""));
    EXPECT_TRUE(mentions(finding.evidence, "UPDATE stock"));
}

}  // namespace
}  // namespace plimsoll
