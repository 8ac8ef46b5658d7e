// The PostgreSQL probe against a real server.
#include "probes/postgres/postgres_probe.hpp"

#include "probes/postgres/connection.hpp"
#include "signal/names.hpp"
#include "signal/probe_runner.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/readings.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <functional>
#include <map>
#include <signal.h>
#include <sys/socket.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::PgClient;
using test::PostgresServer;
using test::single;
using test::values;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr Nanoseconds kPatience = 60s;

ProbePtr make(const std::string& dsn, bool spare = true) {
    PostgresProbeOptions options;
    options.dsn = dsn;
    options.spare = spare;
    Result<ProbePtr> probe = make_postgres_probe(std::move(options));
    EXPECT_TRUE(probe.ok());
    return std::move(*probe);
}

/// Reads until `condition` holds; the last reading is returned either way.
Reading read_until(Probe& probe, const std::function<bool(const Reading&)>& condition) {
    const Clock::time_point limit = Clock::now() + kPatience;
    Reading last;
    while (Clock::now() < limit) {
        const Result<Reading> reading = probe.read(Clock::now() + 5s);
        if (reading) {
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

TEST(PostgresProbe, CountsAPlateauOfActiveBackendsAndLetsItFallToZero) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    std::vector<PgClient> clients;
    for (int i = 0; i < 5; ++i) {
        clients.emplace_back(server.dsn() + " application_name=web");
        clients.back().send("SELECT pg_sleep(600)");
    }
    const std::string active = "postgres|postgres|web|active|Timeout";
    const Reading busy = read_until(*probe, [&](const Reading& reading) {
        return values(*probe, reading, metric::kPgBackends)[active] == 5;
    });
    double all = 0;
    for (const auto& [labels, count] : values(*probe, busy, metric::kPgBackends)) {
        EXPECT_THAT(labels, Not(HasSubstr("plimsoll")));
        all += count;
    }
    EXPECT_EQ(all, 5);
    EXPECT_EQ(single(*probe, busy, metric::kPgMaxConnections), 20);
    EXPECT_EQ(single(*probe, busy, metric::kPgReservedConnections), 3);
    // Five clients, the probe and its spare, of 20 - 3 slots.
    EXPECT_DOUBLE_EQ(single(*probe, busy, metric::kPgConnectionsUsedRatio), 7.0 / 17.0);
    EXPECT_EQ(single(*probe, busy, metric::kPgBlockedBackends), 0);
    EXPECT_GT(single(*probe, busy, metric::kPgLongestTransaction), 0);
    const auto transactions = values(*probe, busy, metric::kPgTransactions);
    EXPECT_TRUE(transactions.contains("postgres|commit"));
    EXPECT_TRUE(transactions.contains("postgres|rollback"));
    EXPECT_EQ(values(*probe, busy, metric::kPgConnectionRefused),
              (std::map<std::string, double>{{"53300", 0}}));
    EXPECT_LE(busy.took, 5s);

    clients.clear();
    server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'web'");
    const Reading quiet = read_until(*probe, [&](const Reading& reading) {
        return single(*probe, reading, metric::kPgConnectionsUsedRatio) == 2.0 / 17.0;
    });
    const auto series = values(*probe, quiet, metric::kPgBackends);
    ASSERT_TRUE(series.contains(active));  // it goes on at zero
    EXPECT_EQ(series.at(active), 0);
}

TEST(PostgresProbe, CountsThoseThatWaitForALock) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE TABLE t (id int)");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    PgClient owner(server.dsn());
    owner.run("BEGIN");
    owner.run("LOCK TABLE t");
    std::vector<PgClient> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.emplace_back(server.dsn());
        waiting.back().send("SELECT * FROM t");
    }
    read_until(*probe, [&](const Reading& reading) {
        return single(*probe, reading, metric::kPgBlockedBackends) == 3;
    });
    owner.run("COMMIT");
    read_until(*probe, [&](const Reading& reading) {
        return single(*probe, reading, metric::kPgBlockedBackends) == 0;
    });
}

TEST(PostgresProbe, AgreesWithTheServerOnHowLongATransactionHasBeenIdle) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    PgClient client(server.dsn());
    client.run("BEGIN");
    client.run("SELECT pg_sleep(0.3)");
    const auto age = [&](const char* since) {
        return std::stod(
            server.run("SELECT extract(epoch FROM clock_timestamp() - " + std::string(since) +
                       ") FROM pg_stat_activity WHERE pid = " + std::to_string(client.pid())));
    };
    const double idle_before = age("state_change");
    const double open_before = age("xact_start");
    const Result<Reading> reading = probe->read(Clock::now() + 30s);
    const double idle_after = age("state_change");
    const double open_after = age("xact_start");
    ASSERT_TRUE(reading.ok());
    const double idle = single(*probe, *reading, metric::kPgIdleInTransaction);
    EXPECT_GE(idle, idle_before);
    EXPECT_LE(idle, idle_after);
    const double open = single(*probe, *reading, metric::kPgLongestTransaction);
    EXPECT_GE(open, open_before);
    EXPECT_LE(open, open_after);
    EXPECT_GT(open - idle, 0.25);  // it was busy for 0.3 s of its time
}

TEST(PostgresProbe, CountsWhatItMayNotSeeAsHiddenAndNamesTheGrant) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE \"side-eye\" LOGIN");
    server.run("CREATE ROLE web LOGIN");
    const ProbePtr probe = make(server.dsn("side-eye"));
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    const std::string grant = "GRANT pg_monitor TO \"side-eye\"";
    EXPECT_THAT(probe->facts(), Contains(Pair("missing_grant", grant)));
    EXPECT_THAT(probe->facts(), Contains(Pair("role", "side-eye")));
    EXPECT_THAT(probe->facts(), Contains(Pair("max_connections", "20")));
    PgClient client(server.dsn("web") + " application_name=web");
    client.send("SELECT pg_sleep(600)");
    const Reading blind = read_until(*probe, [&](const Reading& reading) {
        return values(*probe, reading, metric::kPgBackends)["postgres|web|web|hidden|hidden"] == 1;
    });
    for (const auto& [labels, count] : values(*probe, blind, metric::kPgBackends)) {
        EXPECT_THAT(labels, Not(HasSubstr("active")));
    }
    EXPECT_DOUBLE_EQ(single(*probe, blind, metric::kPgConnectionsUsedRatio), 3.0 / 17.0);
    // Unknown, not zero.
    EXPECT_TRUE(values(*probe, blind, metric::kPgBlockedBackends).empty());
    EXPECT_TRUE(values(*probe, blind, metric::kPgLongestTransaction).empty());
    EXPECT_TRUE(values(*probe, blind, metric::kPgIdleInTransaction).empty());

    EXPECT_EQ(server.run(grant), "");
    const ProbePtr seeing = make(server.dsn("side-eye"));
    ASSERT_TRUE(seeing->start(Clock::now() + 30s).ok());
    EXPECT_THAT(seeing->facts(), Not(Contains(Key("missing_grant"))));
    const Result<Reading> reading = seeing->read(Clock::now() + 30s);
    ASSERT_TRUE(reading.ok());
    EXPECT_EQ(values(*seeing, *reading, metric::kPgBackends)["postgres|web|web|active|Timeout"], 1);
}

TEST(PostgresProbe, SaysWhoHoldsTheLockAndSinceWhen) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE TABLE t (id int, secret text)");
    server.run("INSERT INTO t VALUES (7, '')");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    PgClient owner(server.dsn() + " application_name=batch");
    owner.run("BEGIN");
    owner.run("UPDATE t SET secret = 'hunter2' WHERE id = 7");
    PgClient waiter(server.dsn() + " application_name=web");
    waiter.send("DELETE FROM t WHERE id = 7");
    std::vector<std::string> notes;
    read_until(*probe, [&](const Reading& reading) {
        notes.insert(notes.end(), reading.notes.begin(), reading.notes.end());
        return !notes.empty();
    });
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_THAT(notes[0], HasSubstr("pid " + std::to_string(owner.pid()) +
                                    " (idle in transaction, application batch"));
    EXPECT_THAT(notes[0], HasSubstr("blocks pid " + std::to_string(waiter.pid()) +
                                    ": UPDATE t SET secret = ? WHERE id = ? | waiting: "
                                    "DELETE FROM t WHERE id = ?"));
    owner.run("COMMIT");
    probe->finish(Clock::now() + 30s);
    EXPECT_THAT(probe->facts(),
                Contains(Pair("blocking.1.blocker_sql", "UPDATE t SET secret = ? WHERE id = ?")));
    EXPECT_THAT(probe->facts(), Contains(Pair("blocking.1.blocker_application", "batch")));
}

TEST(PostgresProbe, RanksTheStatementsOfTheRunByTheirTime) {
    const PostgresServer server({"shared_preload_libraries=pg_stat_statements"});
    ASSERT_EQ(server.error(), "");
    server.run("CREATE SCHEMA \"Odd one\"");
    server.run("CREATE EXTENSION pg_stat_statements SCHEMA \"Odd one\"");
    server.run("SELECT pg_sleep(0.5), 'before'");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    for (int i = 0; i < 3; ++i) {
        server.run("SELECT pg_sleep(0.1)");
    }
    ASSERT_TRUE(probe->read(Clock::now() + 30s).ok());
    probe->finish(Clock::now() + 30s);
    const auto facts = probe->facts();
    EXPECT_THAT(facts, Contains(Pair("statement.1.sql", "SELECT pg_sleep($1)")));
    EXPECT_THAT(facts, Contains(Pair("statement.1.calls", "3")));
    for (const auto& [key, value] : facts) {
        EXPECT_THAT(value, Not(HasSubstr("pg_stat_activity"))) << key;
        if (key == "statement.1.total_s") {
            EXPECT_GE(std::stod(value), 0.3);
        }
    }
}

TEST(PostgresProbe, SaysWhichTablesWereReadFromEndToEnd) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE TABLE events AS SELECT i FROM generate_series(1, 1000) i");
    server.run("CREATE TABLE tags AS SELECT i FROM generate_series(1, 10) i");
    server.run("SELECT count(*) FROM tags");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    for (int i = 0; i < 3; ++i) {
        server.run("SELECT count(*) FROM events WHERE i > 5");
    }
    ASSERT_TRUE(probe->read(Clock::now() + 30s).ok());
    probe->finish(Clock::now() + 30s);
    const auto facts = probe->facts();
    EXPECT_THAT(facts, Contains(Pair("scan.1.table", "public.events")));
    EXPECT_THAT(facts, Contains(Pair("scan.1.scans", "3")));
    EXPECT_THAT(facts, Contains(Pair("scan.1.rows_per_scan", "1000")));
    EXPECT_THAT(facts, Contains(Pair("scans.rows", "3000")));
}

TEST(PostgresProbe, ReportsTheServersCountersAsPsqlSeesThem) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    const auto wal = [&] { return std::stod(server.run("SELECT wal_bytes FROM pg_stat_wal")); };
    server.run("CREATE TABLE t AS SELECT generate_series(1, 10000)");
    server.run("SELECT pg_stat_force_next_flush()");
    server.run("CHECKPOINT");
    const double before = wal();
    const Result<Reading> reading = probe->read(Clock::now() + 30s);
    const double after = wal();
    ASSERT_TRUE(reading.ok());
    const double bytes = single(*probe, *reading, "plimsoll_pg_wal_bytes_total");
    EXPECT_GE(bytes, before);
    EXPECT_LE(bytes, after);
    EXPECT_GT(bytes, 100'000);
    EXPECT_EQ(values(*probe, *reading, "plimsoll_pg_checkpoints_total")["requested"],
              std::stod(server.run("SELECT checkpoints_req FROM pg_stat_bgwriter")));
    for (const char* metric :
         {"plimsoll_pg_blocks_total", "plimsoll_pg_block_seconds_total",
          "plimsoll_pg_temp_bytes_total", "plimsoll_pg_deadlocks_total",
          "plimsoll_pg_sessions_total", "plimsoll_pg_session_seconds_total",
          "plimsoll_pg_checkpoint_seconds_total", "plimsoll_pg_checkpoint_buffers_total",
          "plimsoll_pg_wal_operations_total", "plimsoll_pg_wal_seconds_total"}) {
        EXPECT_FALSE(values(*probe, *reading, metric).empty()) << metric;
    }
}

TEST(PostgresProbe, NoticesInMidRunThatAPrivilegeIsRevokedAndGivenBack) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE side LOGIN IN ROLE pg_monitor");
    server.run("CREATE ROLE web LOGIN");
    PgClient client(server.dsn("web"));
    client.send("SELECT pg_sleep(600)");
    const ProbePtr probe = make(server.dsn("side"));
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    const auto note_after = [&](const char* sql) {
        EXPECT_EQ(server.run(sql), "");
        std::vector<std::string> notes;
        read_until(*probe, [&](const Reading& reading) {
            notes.insert(notes.end(), reading.notes.begin(), reading.notes.end());
            return !notes.empty();
        });
        return notes.at(0);
    };
    ASSERT_TRUE(probe->read(Clock::now() + 30s).ok());
    EXPECT_EQ(note_after("REVOKE pg_monitor FROM side"),
              "other roles' activity is hidden; run GRANT pg_monitor TO side");
    EXPECT_THAT(probe->facts(), Contains(Pair("missing_grant", "GRANT pg_monitor TO side")));
    EXPECT_EQ(note_after("GRANT pg_monitor TO side"), "other roles' activity can be seen");
    EXPECT_THAT(probe->facts(), Not(Contains(Key("missing_grant"))));

    server.run("REVOKE SELECT ON pg_stat_activity FROM PUBLIC");
    const Result<Reading> denied = probe->read(Clock::now() + 30s);
    ASSERT_FALSE(denied.ok());
    EXPECT_THAT(denied.error().what, HasSubstr("permission denied for view pg_stat_activity"));
    EXPECT_EQ(denied.error().hint, "run GRANT SELECT ON pg_stat_activity TO side");
    server.run("GRANT SELECT ON pg_stat_activity TO side");
    EXPECT_TRUE(probe->read(Clock::now() + 30s).ok());
}

TEST(PostgresProbe, MakesOneGapOfARestartAndResumes) {
    PostgresServer server;
    ASSERT_EQ(server.error(), "");
    std::mutex mutex;
    std::vector<Gap> gaps;
    std::atomic<std::uint64_t> readings{0};
    std::atomic<Clock::time_point> last_reading{};
    std::vector<ProbePtr> probes;
    PostgresProbeOptions options;
    options.dsn = server.dsn();
    options.period = 100ms;
    probes.push_back(std::move(*make_postgres_probe(options)));
    ProbeRunner runner(std::move(probes),
                       {[&](std::size_t, const Reading& reading, const ProbeHealth&) {
                            last_reading = reading.at;
                            ++readings;
                        },
                        [&](std::size_t, const Gap& gap, const ProbeHealth&) {
                            const std::lock_guard lock(mutex);
                            gaps.push_back(gap);
                        }});
    ASSERT_TRUE(runner.start(30s).at(0).ok());
    runner.begin();
    const auto wait_for_readings = [&](std::uint64_t more) {
        const std::uint64_t goal = readings + more;
        const Clock::time_point limit = Clock::now() + kPatience;
        while (readings < goal && Clock::now() < limit) {
            std::this_thread::sleep_for(5ms);
        }
        return readings >= goal;
    };
    ASSERT_TRUE(wait_for_readings(5));
    const Clock::time_point stopping = Clock::now();
    server.stop();
    const Clock::time_point stopped = Clock::now();
    std::this_thread::sleep_for(500ms);
    const Clock::time_point starting = Clock::now();
    server.start();
    const Clock::time_point started = Clock::now();
    ASSERT_EQ(server.error(), "");
    ASSERT_TRUE(wait_for_readings(5));
    runner.stop();

    // A busy machine may cost a slot now and then; that is not the outage.
    std::vector<Gap> outage;
    for (const Gap& gap : gaps) {
        if (gap.reason.find("readings came too late") == std::string::npos) {
            outage.push_back(gap);
        }
    }
    ASSERT_EQ(outage.size(), 2U);
    EXPECT_TRUE(outage[0].open);
    EXPECT_FALSE(outage[1].open);
    EXPECT_THAT(outage[1].reason, HasSubstr("postgres at 127.0.0.1"));
    EXPECT_EQ(outage[0].from, outage[1].from);
    EXPECT_LE(outage[1].from, stopped);
    EXPECT_GE(outage[1].from, stopping - 10s);
    EXPECT_GE(outage[1].to, starting);
    EXPECT_LE(outage[1].to, started + 10s);  // 2 s on an idle machine
    const ProbeHealth health = runner.health().at(0);
    EXPECT_EQ(health.readings, readings);
    EXPECT_GT(health.expected, health.readings);
    RecordProperty("seconds_until_back", std::to_string(to_seconds(outage[1].to - started)));
}

TEST(PostgresProbe, GoesOnThroughAStormAtTheConnectionLimit) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE web LOGIN");
    server.run("CREATE ROLE side LOGIN IN ROLE pg_monitor");
    const ProbePtr probe = make(server.dsn("side"));
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    std::atomic<bool> over{false};
    std::atomic<int> refused{0};
    std::vector<std::thread> storm;
    for (int i = 0; i < 40; ++i) {
        storm.emplace_back([&] {
            while (!over) {
                PgClient client(server.dsn("web"));
                if (client.ok()) {
                    client.run("SELECT pg_sleep(0.2)");
                } else {
                    ++refused;
                    std::this_thread::sleep_for(20ms);
                }
            }
        });
    }
    int good = 0;
    double most_used = 0;
    constexpr int kReadings = 300;
    for (int i = 0; i < kReadings; ++i) {
        if (i == kReadings / 2) {  // in the middle the connection is lost: the spare takes over
            server.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'plimsoll' ORDER BY state_change DESC LIMIT 1");
        }
        const Result<Reading> reading = probe->read(Clock::now() + 500ms);
        if (reading) {
            ++good;
            most_used =
                std::max(most_used, single(*probe, *reading, metric::kPgConnectionsUsedRatio));
        }
        std::this_thread::sleep_for(10ms);
    }
    over = true;
    for (std::thread& thread : storm) {
        thread.join();
    }
    EXPECT_GE(good, kReadings * 99 / 100);
    EXPECT_GE(most_used, 1.0);  // every slot was seen taken
    EXPECT_GT(refused, 0);
    RecordProperty("good_readings", good);
    RecordProperty("refused_clients", refused.load());
}

TEST(PostgresProbe, SaysThatTheServerIsFullAndCountsTheRefusal) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE side LOGIN IN ROLE pg_monitor");
    std::vector<PgClient> all;
    for (int i = 0; i < 17; ++i) {
        all.emplace_back(server.dsn("side"));
        ASSERT_TRUE(all.back().ok()) << all.back().error();
    }
    const ProbePtr probe = make(server.dsn("side"), false);
    const Status status = probe->start(Clock::now() + 30s);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().what, HasSubstr("remaining connection slots are reserved"));
    EXPECT_THAT(status.error().hint, HasSubstr("raise max_connections"));
    all.clear();
    const Reading reading = read_until(*probe, [](const Reading&) { return true; });
    EXPECT_GE(values(*probe, reading, metric::kPgConnectionRefused)["53300"], 1);
}

TEST(PostgresProbe, GoesOnOverTheSpareWhenItsConnectionHangs) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const ProbePtr probe = make(server.dsn());
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    ASSERT_TRUE(probe->read(Clock::now() + 30s).ok());
    const pid_t backend =
        std::stoi(server.run("SELECT pid FROM pg_stat_activity WHERE application_name = 'plimsoll' "
                             "ORDER BY state_change DESC LIMIT 1"));
    ASSERT_EQ(kill(backend, SIGSTOP), 0);
    const Clock::time_point from = Clock::now();
    const Result<Reading> lost = probe->read(from + 200ms);
    const Nanoseconds took = Clock::now() - from;
    const Result<Reading> next = probe->read(Clock::now() + 30s);
    kill(backend, SIGCONT);
    ASSERT_FALSE(lost.ok());
    EXPECT_THAT(lost.error().what, HasSubstr("no answer from the server"));
    EXPECT_GE(took, 160ms);  // four fifths of its time
    EXPECT_LT(took, 5s);
    EXPECT_TRUE(next.ok());
}

TEST(PostgresProbe, ComesBackFromADeadlineThatEndsConnectingHalfway) {
    // A server that accepts and never answers: the kernel's queue of an unserved socket.
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(fd, generic, size), 0);
    ASSERT_EQ(listen(fd, 8), 0);
    getsockname(fd, generic, &size);
    const ProbePtr probe = make("host=localhost user=u password=hunter2hunter dbname=d port=" +
                                std::to_string(ntohs(address.sin_port)));
    const Clock::time_point from = Clock::now();
    const Status status = probe->start(from + 100ms);
    EXPECT_LT(Clock::now() - from, 5s);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().to_string(), HasSubstr("postgres at localhost:"));
    EXPECT_THAT(status.error().to_string(), Not(HasSubstr("hunter2")));
    const Result<Reading> reading = probe->read(Clock::now() + 50ms);
    ASSERT_FALSE(reading.ok());
    EXPECT_THAT(reading.error().what, HasSubstr("no answer yet"));
    close(fd);
}

TEST(PostgresProbe, NeverShowsAPassword) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const std::string secret = "correct-horse";
    server.run("CREATE ROLE locked LOGIN PASSWORD 'other'");
    server.run(
        "COPY (SELECT 'local all all trust' UNION ALL "
        "SELECT 'host all all 127.0.0.1/32 scram-sha-256') TO '" +
        server.run("SHOW hba_file") + "'");
    server.run("SELECT pg_reload_conf()");
    const std::string port = std::to_string(server.port());
    for (const std::string& dsn :
         {"postgresql://locked:" + secret + "@127.0.0.1:" + port + "/postgres",
          "postgresql://nobody:" + secret + "@localhost:" + port + "/postgres",
          "postgresql://locked:" + secret + "@127.0.0.1:1/postgres",
          "postgresql://locked:" + secret + "@name.invalid:5432/postgres",
          "host=127.0.0.1 user=locked sslmode=require password=" + secret + " port=" + port,
          "host=127.0.0.1 user=locked sslmode=nonsense password=" + secret + " port=" + port}) {
        const ProbePtr probe = make(dsn);
        const Status status = probe->start(Clock::now() + 30s);
        ASSERT_FALSE(status.ok()) << dsn;
        EXPECT_THAT(status.error().to_string(), Not(HasSubstr(secret)));
        EXPECT_THAT(status.error().where, HasSubstr("postgres at "));
        const Result<Reading> reading = probe->read(Clock::now() + 30s);
        ASSERT_FALSE(reading.ok());
        EXPECT_THAT(reading.error().to_string(), Not(HasSubstr(secret)));
        for (const auto& [key, value] : probe->facts()) {
            EXPECT_THAT(value, Not(HasSubstr(secret))) << key;
        }
    }
}

TEST(PgConnection, ReportsAnSqlErrorAndStaysUp) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    PgConnection connection(*PgTarget::parse(server.dsn()), kPgSessionSettings);
    ASSERT_TRUE(connection.connect(Clock::now() + 30s).ok());
    const Result<PgRows> wrong = connection.query("SELECT nonsense", Clock::now() + 30s);
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().what, "column \"nonsense\" does not exist (SQLSTATE 42703)");
    const Result<PgRows> right = connection.query(
        "SELECT 42, NULL, current_setting('statement_timeout'), "
        "current_setting('transaction_read_only')",
        Clock::now() + 30s);
    ASSERT_TRUE(right.ok());
    EXPECT_EQ(right->number(0, 0), 42);
    EXPECT_TRUE(right->null(0, 1));
    EXPECT_EQ(right->text(0, 2), "1s");
    EXPECT_EQ(right->text(0, 3), "on");
}

}  // namespace
}  // namespace plimsoll
