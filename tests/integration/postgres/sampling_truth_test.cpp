// What the samples say of a pool against what the server itself counted meanwhile.
#include "base/random.hpp"
#include "probes/postgres/postgres_probe.hpp"
#include "signal/names.hpp"
#include "signal/probe_runner.hpp"
#include "tests/support/postgres_fixture.hpp"

#include <atomic>
#include <cmath>
#include <thread>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::PgClient;
using test::PostgresServer;

constexpr int kPool = 8;
constexpr auto kTime = 30s;

/// Connections in all states, and those that are active, at each reading.
struct Samples {
    std::vector<double> all, active;
};

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    return sum / static_cast<double>(values.size());
}

void note(const Reading& reading, Samples& samples) {
    double all = 0;
    double active = 0;
    for (const Value& value : reading.values) {
        if (value.metric == 0 && value.labels[2] == "web") {  // plimsoll_pg_backends
            all += value.value;
            active += value.labels[3] == "active" ? value.value : 0;
        }
    }
    samples.all.push_back(all);
    samples.active.push_back(active);
}

/// Queries of 20 to 120 ms with pauses as long, until told to stop.
void work(const std::string& dsn, std::uint64_t seed, const std::atomic<bool>& over) {
    PgClient client(dsn);
    Random random(seed, 1, 1);
    while (!over) {
        client.run("SELECT pg_sleep(" + std::to_string(0.02 + 0.1 * random.uniform()) + ")");
        std::this_thread::sleep_for(from_seconds(0.02 + 0.1 * random.uniform()));
    }
}

TEST(SamplingTruth, PoolSizeIsExactHoldTimeWithinATenthAndBusyWithinTheSamplingError) {
    const PostgresServer server({"shared_preload_libraries=pg_stat_statements"});
    ASSERT_EQ(server.error(), "");
    server.run("CREATE EXTENSION pg_stat_statements");
    std::vector<ProbePtr> probes;
    probes.push_back(
        std::move(*make_postgres_probe({server.dsn(), "postgres", 100ms, true, nullptr})));
    ASSERT_STREQ(probes[0]->descriptors()[0].name.c_str(), metric::kPgBackends);
    Samples samples;
    std::atomic<bool> sampling{false};
    ProbeRunner runner(std::move(probes),
                       {[&](std::size_t, const Reading& reading, const ProbeHealth&) {
                            if (sampling) {
                                note(reading, samples);
                            }
                        },
                        [](std::size_t, const Gap&, const ProbeHealth&) {}});
    ASSERT_TRUE(runner.start(30s).at(0).ok());
    std::atomic<bool> over{false};
    std::vector<std::thread> pool;
    for (int i = 0; i < kPool; ++i) {
        pool.emplace_back(work, server.dsn() + " application_name=web",
                          static_cast<std::uint64_t>(i) + 1, std::cref(over));
    }
    runner.begin();
    std::this_thread::sleep_for(2s);
    server.run("SELECT pg_stat_statements_reset()");
    const Clock::time_point from = Clock::now();
    sampling = true;
    std::this_thread::sleep_for(kTime);
    sampling = false;
    const double seconds = to_seconds(Clock::now() - from);
    const auto truth = [&](const char* column) {
        return std::stod(server.run("SELECT sum(" + std::string(column) +
                                    ") FROM pg_stat_statements WHERE query LIKE '%pg_sleep%'"));
    };
    const double calls = truth("calls");
    const double busy_s = truth("total_exec_time") / 1000;
    over = true;
    for (std::thread& thread : pool) {
        thread.join();
    }
    runner.stop();

    const auto n = static_cast<double>(samples.all.size());
    ASSERT_GT(n, 0.9 * seconds * 10);
    for (const double all : samples.all) {
        EXPECT_EQ(all, kPool);
    }
    // Little's law: S = mean busy / X, with X from the server.
    const double hold = mean(samples.active) / (calls / seconds);
    const double true_hold = busy_s / calls;
    EXPECT_NEAR(hold, true_hold, 0.1 * true_hold);
    // Each connection is busy or not: the variance of their sum is at most m · p · (1 - p), of the
    // mean of n samples an n-th of it. Three standard errors, and the queries that the reset cut.
    const double busy = busy_s / seconds;
    const double share = busy / kPool;
    const double error = 3 * std::sqrt(kPool * share * (1 - share) / n) + kPool * 0.12 / seconds;
    EXPECT_NEAR(mean(samples.active), busy, error);
    std::printf(
        "hold time %.1f ms sampled, %.1f ms true; busy %.3f sampled, %.3f true, error "
        "allowed %.3f; %.0f samples\n",
        hold * 1e3, true_hold * 1e3, mean(samples.active), busy, error, n);
}

}  // namespace
}  // namespace plimsoll
