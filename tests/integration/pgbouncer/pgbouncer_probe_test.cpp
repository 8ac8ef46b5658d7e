// The PgBouncer probe and canary against a real PgBouncer before a real server.
#include "probes/pgbouncer/pgbouncer_probe.hpp"

#include "probes/canary/canary.hpp"
#include "signal/names.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/readings.hpp"

#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::PgBouncer;
using test::PgClient;
using test::PostgresServer;
using test::single;
using test::values;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

ProbePtr make(const std::string& dsn) {
    Result<ProbePtr> probe = make_pgbouncer_probe({dsn, "pgbouncer", 200ms});
    EXPECT_TRUE(probe.ok());
    return std::move(*probe);
}

Reading read_until(Probe& probe, const std::function<bool(const Reading&)>& condition) {
    const Clock::time_point limit = Clock::now() + 60s;
    Reading last;
    while (Clock::now() < limit) {
        if (const Result<Reading> reading = probe.read(Clock::now() + 5s)) {
            last = *reading;
            if (condition(last)) {
                return last;
            }
        }
        std::this_thread::sleep_for(10ms);
    }
    ADD_FAILURE() << "the condition never held";
    return last;
}

TEST(PgbouncerProbe, CountsThoseWhoWaitAndForHowLong) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE web LOGIN");
    const PgBouncer bouncer(server, 3);
    ASSERT_EQ(bouncer.error(), "");
    const ProbePtr probe = make(bouncer.dsn("stats", "pgbouncer"));
    const Status started = probe->start(Clock::now() + 30s);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    EXPECT_THAT(probe->facts(), Contains(Pair("pool_mode", "transaction")));
    EXPECT_THAT(probe->facts(), Contains(Pair("default_pool_size", "20")));
    std::vector<PgClient> clients;
    for (int i = 0; i < 5; ++i) {
        clients.emplace_back(bouncer.dsn("web", "postgres"));
        ASSERT_TRUE(clients.back().ok()) << clients.back().error();
        clients.back().send("SELECT pg_sleep(2)");
    }
    const Reading full = read_until(*probe, [&](const Reading& reading) {
        return values(*probe, reading, metric::kPgbouncerWaiting)["postgres|web"] == 2 &&
               values(*probe, reading, metric::kPgbouncerMaxWait)["postgres|web"] > 0.2;
    });
    EXPECT_EQ(values(*probe, full, metric::kPgbouncerActive)["postgres|web"], 3);
    EXPECT_EQ(values(*probe, full, metric::kPgbouncerIdle)["postgres|web"], 0);
    EXPECT_EQ(values(*probe, full, metric::kPgbouncerClients)["postgres|web"], 3);
    EXPECT_EQ(values(*probe, full, metric::kPgbouncerPoolSize)["postgres|web"], 3);
    EXPECT_EQ(single(*probe, full, metric::kPgbouncerMaxConnections), 100);
    for (const Value& value : full.values) {
        EXPECT_THAT(value.labels, Not(Contains("pgbouncer")));  // its own pool
    }
    const auto waited = [&](const Reading& reading) {
        return values(*probe, reading, metric::kPgbouncerWaitSeconds)["postgres"];
    };
    // Two clients had to wait for the first three, which slept 2 s each.
    const Reading after = read_until(*probe, [&](const Reading& r) { return waited(r) > 3.5; });
    EXPECT_LT(waited(after), 8);
    read_until(*probe, [&](const Reading& reading) {
        return values(*probe, reading, metric::kPgbouncerTransactions)["postgres"] >= 5 &&
               values(*probe, reading, metric::kPgbouncerTransactionSeconds)["postgres"] > 9.9 &&
               values(*probe, reading, metric::kPgbouncerWaiting)["postgres|web"] == 0;
    });
}

TEST(PgbouncerProbe, ReadsTheConsoleWhateverDatabaseTheDsnNames) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const PgBouncer bouncer(server, 3);
    ASSERT_EQ(bouncer.error(), "");
    const ProbePtr probe = make(bouncer.dsn("stats", "postgres"));
    EXPECT_TRUE(probe->start(Clock::now() + 30s).ok());
    EXPECT_TRUE(probe->read(Clock::now() + 30s).ok());
}

TEST(PgbouncerProbe, ComesBackAfterAKill) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    PgBouncer bouncer(server, 3);
    ASSERT_EQ(bouncer.error(), "");
    const ProbePtr probe = make(bouncer.dsn("stats", "pgbouncer"));
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    ASSERT_TRUE(probe->read(Clock::now() + 30s).ok());
    bouncer.stop();
    const Result<Reading> lost = probe->read(Clock::now() + 30s);
    ASSERT_FALSE(lost.ok());
    EXPECT_THAT(lost.error().to_string(), HasSubstr("pgbouncer at 127.0.0.1:"));
    bouncer.start();
    ASSERT_EQ(bouncer.error(), "");
    read_until(*probe, [](const Reading&) { return true; });
}

TEST(PgbouncerProbe, SaysWhatToDoForARoleThatMayNotLook) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const PgBouncer bouncer(server, 3);
    ASSERT_EQ(bouncer.error(), "");
    const ProbePtr probe = make(bouncer.dsn("web", "pgbouncer") + " password=correct-horse");
    const Status status = probe->start(Clock::now() + 30s);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().hint, "add \"web\" to stats_users in pgbouncer.ini, then RELOAD");
    EXPECT_THAT(status.error().to_string(), Not(HasSubstr("correct-horse")));
    const auto bad = make_pgbouncer_probe({"postgresql://u:hun@ter2@h/pgbouncer"});
    ASSERT_FALSE(bad.ok());
    EXPECT_THAT(bad.error().to_string(), Not(HasSubstr("ter2")));
}

TEST(PoolerCanary, WaitsWithTheOthersForAServerConnection) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE web LOGIN");
    const PgBouncer bouncer(server, 1);
    ASSERT_EQ(bouncer.error(), "");
    PoolerCanaryOptions options;
    options.pgbouncer_dsn = bouncer.dsn("stats", "pgbouncer");
    options.database_dsn = server.dsn("web");
    const ProbePtr canary = std::move(*make_pooler_canary(options));
    EXPECT_EQ(canary->name(), "canary:pgbouncer_connect");
    const Status started = canary->start(Clock::now() + 30s);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    // Of a new try: one that took much CPU pauses, and repeats the last duration meanwhile.
    double tries = 0;
    const auto seconds = [&](Nanoseconds limit) {
        for (;;) {
            const auto reading = canary->read(Clock::now() + limit);
            EXPECT_TRUE(reading.ok());
            const double made =
                values(*canary, *reading, metric::kCanaryTries)["pgbouncer_connect"];
            if (made > tries) {
                tries = made;
                return values(*canary, *reading, metric::kCanarySeconds);
            }
            std::this_thread::sleep_for(50ms);
        }
    };
    EXPECT_GT(seconds(30s)["pgbouncer_connect"], 0);
    PgClient hog(bouncer.dsn("web", "postgres"));
    hog.run("BEGIN");
    hog.run("SELECT 1");
    EXPECT_TRUE(seconds(300ms).empty());  // kept waiting
    hog.run("COMMIT");
    EXPECT_GT(seconds(30s)["pgbouncer_connect"], 0);
}

TEST(PoolerCanary, IsLeftOutWhereNothingNamesADatabase) {
    PoolerCanaryOptions options;
    options.pgbouncer_dsn = "host=127.0.0.1 port=6432 user=stats";
    const auto none = make_pooler_canary(options);
    ASSERT_TRUE(none.ok());
    EXPECT_EQ(*none, nullptr);
    options.pgbouncer_dsn += " dbname=shop";
    EXPECT_NE(*make_pooler_canary(options), nullptr);
}

}  // namespace
}  // namespace plimsoll
