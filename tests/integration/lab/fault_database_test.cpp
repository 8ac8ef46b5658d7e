// Faults of connections and of the database, seen from PostgreSQL, PgBouncer and /proc.
#include "fault_fixture.hpp"

#include <algorithm>
#include <cstdio>

#include <gmock/gmock.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;

TEST_F(FaultTest, AppPoolCapsBackendsAtSizeAndOverflow) {
    open({}, 50ms);
    EXPECT_EQ(backends("true"), 64);
    plant("app-pool:size=5,overflow=3,timeout=50ms");
    EXPECT_TRUE(eventually([&] { return backends("true") == 5; }));
    int most = 0;
    {
        Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 30);
        int samples = 0;
        EXPECT_TRUE(eventually([&] {
            most = std::max(most, backends("state = 'active'"));
            EXPECT_LE(backends("state = 'active'"), 8);
            return ++samples >= 50 && most == 8 && clients.answered(503) > 0;
        }));
        clients.stop();
        EXPECT_GT(clients.answered(200), 0);
        EXPECT_THAT(clients.last_body(503), HasSubstr("QueuePool limit of size 5 overflow 3 "
                                                      "reached, connection timed out"));
    }
    std::printf("app-pool size=5 overflow=3: at most %d active backends\n", most);
    EXPECT_TRUE(eventually([&] { return backends("true") == 5; }));  // overflow is given back
    remove("app-pool");
    EXPECT_TRUE(eventually([&] { return backends("true") == 64; }));
}

TEST_F(FaultTest, MaxConnectionsLeavesOnlyTheLimit) {
    open({}, 300ms);
    plant("max-connections:limit=12");
    EXPECT_EQ(number("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                     "'lab-ballast'"),
              100 - 12);
    std::string refusal;
    {
        Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 40);
        EXPECT_TRUE(eventually([&] {
            const PgClient late(postgres_->app_dsn());
            refusal = late.ok() ? std::string{} : late.error();
            return !refusal.empty() && clients.answered(503) > 0 && clients.answered(200) > 0;
        }));
        EXPECT_THAT(clients.last_body(503), AnyOf(HasSubstr("too many clients already"),
                                                  HasSubstr("remaining connection slots")));
    }
    EXPECT_THAT(refusal, AnyOf(HasSubstr("too many clients"), HasSubstr("remaining connection")));
    remove("max-connections");
    EXPECT_EQ(number("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                     " AND application_name = 'lab'"),
              64);
    EXPECT_TRUE(eventually([&] {
        return number(
                   "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                   "'lab-ballast'") == 0;
    }));
}

/// A column of the line of SHOW POOLS for the database `lab`.
int pool_figure(const std::string& dsn, const char* column) {
    PGconn* console = PQconnectdb(dsn.c_str());
    PGresult* pools = PQexec(console, "SHOW POOLS");
    const int at = PQfnumber(pools, column);
    int value = -1;
    for (int row = 0; row < PQntuples(pools); ++row) {
        if (std::string(PQgetvalue(pools, row, PQfnumber(pools, "database"))) == "lab") {
            value = std::atoi(PQgetvalue(pools, row, at));
        }
    }
    PQclear(pools);
    PQfinish(console);
    return value;
}

TEST_F(FaultTest, PgbouncerPoolMakesClientsWait) {
    open({}, 200ms, true);
    plant("pgbouncer-pool:size=3");
    int active = 0;
    int waiting = 0;
    {
        Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 12);
        EXPECT_TRUE(eventually([&] {
            active = pool_figure(pgbouncer_->stats_dsn(), "sv_active");
            waiting = pool_figure(pgbouncer_->stats_dsn(), "cl_waiting");
            EXPECT_LE(active, 3);
            return active == 3 && waiting > 0;
        }));
        EXPECT_TRUE(eventually([&] { return backends("state = 'active'") == 3; }));
    }
    std::printf("pgbouncer-pool size=3: sv_active %d, cl_waiting %d\n", active, waiting);
    remove("pgbouncer-pool");
    Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 12);
    EXPECT_TRUE(eventually([&] { return pool_figure(pgbouncer_->stats_dsn(), "sv_active") > 3; }));
}

TEST_F(FaultTest, ConnectionLeakLeavesSessionsInTransactionForEver) {
    open();
    plant("connection-leak:every=5");
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    }
    EXPECT_TRUE(eventually([&] { return backends("state = 'idle in transaction'") == 10; }));
    std::this_thread::sleep_for(1s);  // without load they stay
    EXPECT_EQ(backends("state = 'idle in transaction' AND state_change < clock_timestamp() - "
                       "interval '500 ms'"),
              10);
    std::printf("connection-leak every=5: 50 requests left %d sessions in transaction\n",
                backends("state = 'idle in transaction'"));
    remove("connection-leak");
    EXPECT_TRUE(eventually([&] { return backends("state = 'idle in transaction'") == 0; }));
    EXPECT_EQ(backends("true"), 64);
}

TEST_F(FaultTest, IdleInTransactionHoldsTransactionsThroughTheCall) {
    open();
    plant("idle-in-transaction:call=1s");
    {
        Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 4);
        EXPECT_TRUE(eventually([&] {
            return backends(
                       "state = 'idle in transaction' AND wait_event = 'ClientRead' AND "
                       "clock_timestamp() - state_change > interval '200 ms'") == 4;
        }));
    }
    remove("idle-in-transaction");
    EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    EXPECT_EQ(backends("state = 'idle in transaction'"), 0);
}

TEST_F(FaultTest, LockContentionQueuesBackendsOnOneRow) {
    open();
    plant("lock-contention:rows=1,hold=400ms");
    {
        Clients clients(port_, {"GET", "/v1/deployments/5", {}, {}}, 6);
        EXPECT_TRUE(eventually([&] { return backends("wait_event_type = 'Lock'") == 5; }));
        EXPECT_GE(number("SELECT count(*) FROM pg_locks WHERE NOT granted"), 4);
        // One blocks, and nobody blocks it.
        EXPECT_TRUE(eventually([&] {
            return number(
                       "SELECT count(DISTINCT b) FROM pg_stat_activity a, "
                       "unnest(pg_blocking_pids(a.pid)) b WHERE a.application_name = 'lab' AND "
                       "cardinality(pg_blocking_pids(b)) = 0") == 1;
        }));
    }
    std::printf("lock-contention rows=1: 5 of 6 backends waited on Lock\n");
    remove("lock-contention");
    EXPECT_EQ(number("SELECT count(*) FROM pg_locks WHERE NOT granted"), 0);
}

TEST_F(FaultTest, SlowSqlReadsTheWholeTable) {
    open();
    plant("slow-sql:rows=20000");
    const auto read = [&] {
        return number("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'lab_events'");
    };
    const int before = read();
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    }
    report_counts();
    EXPECT_TRUE(eventually([&] { return read() - before >= 20 * 20000; }));
    std::printf("slow-sql rows=20000: 20 requests read %d rows in sequence\n", read() - before);
    const std::string query = "EXPLAIN SELECT count(*) FROM lab_events WHERE customer = 7";
    EXPECT_EQ(number("SELECT count(*) FROM pg_indexes WHERE tablename = 'lab_events'"), 0);
    eye_->run("CREATE INDEX ON lab_events (customer)");
    eye_->run("SET enable_bitmapscan = off");
    EXPECT_EQ(number("SELECT count(*) FROM lab_events WHERE customer = 7"), 100);  // 1 in 200 rows
    EXPECT_THAT(eye_->run(query), HasSubstr("Aggregate"));
    remove("slow-sql");
}

/// Processor time of the service's backends, from /proc.
double backend_cpu(PgClient& eye) {
    const std::string list = eye.run(
        "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE application_name = 'lab'");
    double sum = 0;
    std::size_t at = 0;
    while (at < list.size()) {
        std::size_t length = 0;
        sum += cpu_seconds(std::stoi(list.substr(at), &length));
        at += length + 1;
    }
    return sum;
}

TEST_F(FaultTest, DatabaseCpuBurnsInTheBackends) {
    open({"app-pool:size=2"});
    const auto spent = [&] {
        const double before = backend_cpu(*eye_);
        for (int i = 0; i < 30; ++i) {
            EXPECT_EQ(ask("GET", "/v1/deployments/5").status, 200);
        }
        return backend_cpu(*eye_) - before;
    };
    const double healthy = spent();
    plant("database-cpu:work=100000");
    const double burnt = spent();
    std::printf("database-cpu work=100000: %.0f ms per request, %.0f ms without\n", burnt / 30e-3,
                healthy / 30e-3);
    EXPECT_GT(burnt, 0.3);  // at least 10 ms each
    EXPECT_GT(burnt, 5 * healthy);
}

TEST_F(FaultTest, DatabaseIoFlushesEveryCommit) {
    open();
    EXPECT_EQ(eye_->run("SHOW fsync"), "off");
    plant("database-io:commits=10,bytes=1KiB");
    EXPECT_TRUE(eventually([&] { return eye_->run("SHOW fsync") == "on"; }));
    const auto commits = [&] {
        return number("SELECT xact_commit FROM pg_stat_database WHERE datname = 'lab'");
    };
    const auto syncs = [&] { return number("SELECT wal_sync FROM pg_stat_wal"); };
    const int commits_before = commits();
    const int syncs_before = syncs();
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(ask("GET", "/v1/deployments/5").status, 200);
    }
    report_counts();
    EXPECT_TRUE(eventually(
        [&] { return commits() - commits_before >= 200 && syncs() - syncs_before >= 150; }));
    EXPECT_EQ(number("SELECT count(*) FROM lab_journal"), 200);
    std::printf("database-io commits=10: 20 requests made %d WAL flushes\n",
                syncs() - syncs_before);
    remove("database-io");
    EXPECT_TRUE(eventually([&] { return eye_->run("SHOW fsync") == "off"; }));
}

}  // namespace
}  // namespace plimsoll::test
