// The container probe on a real PostgreSQL: a tree of processes that come and go.
#include "probes/container/container_probe.hpp"
#include "signal/names.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/readings.hpp"

#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::PgClient;
using test::single;
using ::testing::Contains;
using ::testing::Pair;

/// CPU time of our children that have ended, and of theirs: the kernel's own sum.
double ended_children_cpu_s() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST(ContainerProbe, CountsAllOfAPostgresServerAlsoBackendsThatHaveEnded) {
    test::PostgresServer server;
    ASSERT_EQ(server.error(), "");
    const double before = ended_children_cpu_s();  // initdb
    ContainerProbeOptions options;
    options.port = server.port();
    options.role = "database";
    const ProbePtr probe = make_container_probe(options);
    EXPECT_EQ(probe->name(), "process:port:" + std::to_string(server.port()));
    ASSERT_TRUE(probe->start(Clock::now() + 30s).ok());
    EXPECT_THAT(probe->facts(), Contains(Pair("pid", std::to_string(server.pid()))));

    double last = 0;
    const auto cpu = [&] {
        const Result<Reading> reading = probe->read(Clock::now() + 30s);
        EXPECT_TRUE(reading.ok());
        const double now = reading ? single(*probe, *reading, metric::kContainerCpuSeconds) : 0;
        EXPECT_GE(now, last);
        return now;
    };
    for (int i = 0; i < 4; ++i) {
        PgClient client(server.dsn());
        client.run("SELECT count(*) FROM generate_series(1, 1000000)");
        last = cpu();
    }  // each backend ends with its client
    last = cpu();
    server.stop();
    const double all = ended_children_cpu_s() - before;
    EXPECT_GT(last, 0.2);
    // The rest is ticks of 10 ms (about eight processes, two counters) and the shutdown itself.
    EXPECT_LE(last, all + 0.01);
    EXPECT_NEAR(last, all, 0.3);

    const Result<Reading> gone = probe->read(Clock::now() + 30s);
    EXPECT_FALSE(gone.ok());
    server.start();
    ASSERT_EQ(server.error(), "");
    Result<Reading> back = probe->read(Clock::now() + 30s);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_GE(single(*probe, *back, metric::kContainerCpuSeconds), last);
}

}  // namespace
}  // namespace plimsoll
