#include "probes/canary/canary.hpp"
#include "probes/postgres/postgres_probe.hpp"
#include "signal/names.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/readings.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::PgClient;
using test::PostgresServer;
using test::values;
using ::testing::HasSubstr;
using ::testing::Not;

PostgresCanaryOptions options_for(const std::string& dsn) {
    PostgresCanaryOptions options;
    options.dsn = dsn;
    return options;
}

/// The next reading with a request of its own: where hashing or a sanitizer makes one dear, turns
/// are left out, which take no time.
Reading read(Probe& canary) {
    Result<Reading> reading = canary.read(Clock::now() + 30s);
    for (const auto limit = Clock::now() + 30s;
         reading && reading->took == 0ns && Clock::now() < limit;) {
        std::this_thread::sleep_for(10ms);
        reading = canary.read(Clock::now() + 30s);
    }
    EXPECT_TRUE(reading.ok());
    return reading ? *reading : Reading{};
}

bool answered(Probe& canary) {
    return !values(canary, read(canary), metric::kCanarySeconds).empty();
}

TEST(PostgresCanary, TellsAFullServerFromASlowOne) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE side LOGIN");
    const ProbePtr select = std::move(*make_select_canary(options_for(server.dsn("side"))));
    const ProbePtr fresh = std::move(*make_connect_canary(options_for(server.dsn("side"))));
    EXPECT_EQ(select->name(), "canary:select_1");
    EXPECT_EQ(fresh->name(), "canary:pg_connect");
    ASSERT_TRUE(select->start(Clock::now() + 30s).ok());
    ASSERT_TRUE(fresh->start(Clock::now() + 30s).ok());
    const Reading before = read(*fresh);
    EXPECT_GT(values(*fresh, before, metric::kCanarySeconds)["pg_connect"], 0);
    EXPECT_EQ(values(*fresh, before, metric::kPgConnectionRefused),
              (std::map<std::string, double>{{"53300", 0}}));

    std::vector<PgClient> all;
    while (all.size() < 30) {
        all.emplace_back(server.dsn("side"));
        if (!all.back().ok()) {
            break;
        }
    }
    ASSERT_LT(all.size(), 30U);  // every slot is taken
    const Reading held = read(*select);
    EXPECT_GT(values(*select, held, metric::kCanarySeconds)["select_1"], 0);
    EXPECT_EQ(values(*select, held, metric::kCanaryFailures)["select_1"], 0);
    const Reading refused = read(*fresh);
    EXPECT_TRUE(values(*fresh, refused, metric::kCanarySeconds).empty());
    EXPECT_EQ(values(*fresh, refused, metric::kCanaryFailures)["pg_connect"], 1);
    EXPECT_EQ(values(*fresh, refused, metric::kPgConnectionRefused),
              (std::map<std::string, double>{{"53300", 1}}));
}

TEST(PostgresCanary, LeavesTheReportOfRefusalsToTheProbeItSharesThemWith) {
    const PostgresServer server({"max_connections=6"});  // three of them reserved
    ASSERT_EQ(server.error(), "");
    server.run("CREATE ROLE side LOGIN IN ROLE pg_monitor");
    auto refusals = std::make_shared<Refusals>();
    PostgresProbeOptions probe_options;
    probe_options.dsn = server.dsn("side");
    probe_options.refusals = refusals;
    const ProbePtr probe = std::move(*make_postgres_probe(probe_options));
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    const PgClient last(server.dsn("side"));
    ASSERT_TRUE(last.ok()) << last.error();
    PostgresCanaryOptions options = options_for(server.dsn("side"));
    options.refusals = refusals;
    const ProbePtr fresh = std::move(*make_connect_canary(options));
    EXPECT_FALSE(fresh->start(Clock::now() + 30s).ok());
    EXPECT_FALSE(answered(*fresh));
    EXPECT_EQ(fresh->descriptors().size(), 3U);
    EXPECT_EQ(values(*probe, read(*probe), metric::kPgConnectionRefused)["53300"], 2);
}

TEST(PostgresCanary, CountsAnOutageAsFailuresAndComesBack) {
    PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const ProbePtr select = std::move(*make_select_canary(options_for(server.dsn())));
    const ProbePtr fresh = std::move(*make_connect_canary(options_for(server.dsn())));
    ASSERT_TRUE(select->start(Clock::now() + 30s).ok());
    ASSERT_TRUE(fresh->start(Clock::now() + 30s).ok());
    server.stop();
    for (int failures = 1; failures <= 3; ++failures) {
        EXPECT_EQ(values(*select, read(*select), metric::kCanaryFailures)["select_1"], failures);
        EXPECT_EQ(values(*fresh, read(*fresh), metric::kCanaryFailures)["pg_connect"], failures);
    }
    server.start();
    ASSERT_EQ(server.error(), "");
    EXPECT_TRUE(answered(*select));
    EXPECT_TRUE(answered(*fresh));
}

TEST(PostgresCanary, HoldsOneConnectionAndLeavesNoneBehind) {
    const PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const ProbePtr select = std::move(*make_select_canary(options_for(server.dsn())));
    const ProbePtr fresh = std::move(*make_connect_canary(options_for(server.dsn())));
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(answered(*select));
        EXPECT_TRUE(answered(*fresh));
    }
    const Clock::time_point limit = Clock::now() + 60s;
    std::string count;
    do {  // a backend takes a moment to leave after its client has
        count = server.run(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE application_name = 'plimsoll'");
        std::this_thread::sleep_for(10ms);
    } while (count != "1" && Clock::now() < limit);
    EXPECT_EQ(count, "1");
}

TEST(PostgresCanary, NeverConnectsMoreThanOnceASecondAndNeverShowsThePassword) {
    PostgresCanaryOptions options = options_for("postgresql://u:hunter2hunter@127.0.0.1:1/db");
    options.period = 100ms;
    const ProbePtr fresh = std::move(*make_connect_canary(options));
    EXPECT_EQ(fresh->period(), 1s);
    const Status status = fresh->start(Clock::now() + 30s);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().to_string(), HasSubstr("postgres at 127.0.0.1:1/db: "));
    EXPECT_THAT(status.error().to_string(), Not(HasSubstr("hunter2")));
    const auto bad = make_select_canary(options_for("postgresql://u:hun@ter2@h/db"));
    ASSERT_FALSE(bad.ok());
    EXPECT_THAT(bad.error().to_string(), Not(HasSubstr("ter2")));
}

}  // namespace
}  // namespace plimsoll
