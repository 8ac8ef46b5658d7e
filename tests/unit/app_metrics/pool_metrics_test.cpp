#include "probes/app_metrics/pool_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::Optional;
using ::testing::SizeIs;

std::map<std::string, PoolFigures> pools_of(std::string_view text,
                                            std::span<const PoolMapping> mappings = {}) {
    PoolCollector collector(mappings);
    ExpositionReader reader(text);
    for (auto sample = reader.next(); sample.ok() && *sample; sample = reader.next()) {
        collector.add(**sample);
    }
    return collector.pools();
}

/// Size, used, idle, pending, timeouts, waits; -1 where unknown.
std::vector<double> figures(const PoolFigures& pool) {
    std::vector<double> list;
    for (const auto& value : pool.values) {
        list.push_back(value.value_or(-1));
    }
    return list;
}

// What the libraries publish, one pool each: 5 connections, 4 in use, 1 idle, 7 waiting.
TEST(PoolMetrics, AreRecognisedAsOpenTelemetryWritesThem) {
    const auto stable = pools_of(
        "db_client_connection_count{db_client_connection_pool_name=\"main\",state=\"used\"} 4\n"
        "db_client_connection_count{db_client_connection_pool_name=\"main\",state=\"idle\"} 1\n"
        "db_client_connection_max{db_client_connection_pool_name=\"main\"} 5\n"
        "db_client_connection_pending_requests{db_client_connection_pool_name=\"main\"} 7\n"
        "db_client_connection_timeouts_total{db_client_connection_pool_name=\"main\"} 3\n");
    ASSERT_THAT(stable, SizeIs(1));
    EXPECT_EQ(figures(stable.at("main")), (std::vector<double>{5, 4, 1, 7, 3, -1}));
    const auto older = pools_of(
        "db_client_connections_usage{pool_name=\"main\",state=\"used\"} 4\n"
        "db_client_connections_usage{pool_name=\"main\",state=\"idle\"} 1\n"
        "db_client_connections_max{pool_name=\"main\"} 5\n"
        "db_client_connections_pending_requests{pool_name=\"main\"} 7\n"
        "db_client_connections_timeouts_total{pool_name=\"main\"} 3\n");
    EXPECT_EQ(figures(older.at("main")), (std::vector<double>{5, 4, 1, 7, 3, -1}));
    const auto dotted = pools_of(
        "{\"db.client.connection.max\",\"db.client.connection.pool.name\"=\"main\"} 5\n"
        "{\"db.client.connection.count\",\"db.client.connection.pool.name\"=\"main\","
        "\"db.client.connection.state\"=\"used\"} 4\n");
    EXPECT_EQ(figures(dotted.at("main")), (std::vector<double>{5, 4, -1, -1, -1, -1}));
}

TEST(PoolMetrics, AreRecognisedAsHikariPgxAndGoWriteThem) {
    const auto micrometer = pools_of(
        "hikaricp_connections{pool=\"HikariPool-1\",} 5.0\n"
        "hikaricp_connections_active{pool=\"HikariPool-1\",} 4.0\n"
        "hikaricp_connections_idle{pool=\"HikariPool-1\",} 1.0\n"
        "hikaricp_connections_pending{pool=\"HikariPool-1\",} 7.0\n"
        "hikaricp_connections_max{pool=\"HikariPool-1\",} 5.0\n"
        "hikaricp_connections_min{pool=\"HikariPool-1\",} 5.0\n"
        "hikaricp_connections_timeout_total{pool=\"HikariPool-1\",} 3.0\n");
    EXPECT_EQ(figures(micrometer.at("HikariPool-1")), (std::vector<double>{5, 4, 1, 7, 3, -1}));
    const auto pgx = pools_of(
        "pgxpool_acquired_conns{db_name=\"shop\"} 4\npgxpool_idle_conns{db_name=\"shop\"} 1\n"
        "pgxpool_max_conns{db_name=\"shop\"} 5\npgxpool_total_conns{db_name=\"shop\"} 5\n"
        "pgxpool_empty_acquire_count{db_name=\"shop\"} 20\n"
        "pgxpool_canceled_acquire_count{db_name=\"shop\"} 2\n");
    EXPECT_EQ(figures(pgx.at("shop")), (std::vector<double>{5, 4, 1, -1, 2, 20}));
    const auto go = pools_of(
        "go_sql_max_open_connections{db_name=\"shop\"} 5\n"
        "go_sql_open_connections{db_name=\"shop\"} 5\n"
        "go_sql_in_use_connections{db_name=\"shop\"} 4\n"
        "go_sql_idle_connections{db_name=\"shop\"} 1\n"
        "go_sql_wait_count_total{db_name=\"shop\"} 20\n"
        "go_sql_wait_duration_seconds_total{db_name=\"shop\"} 1.5\n");
    EXPECT_EQ(figures(go.at("shop")), (std::vector<double>{5, 4, 1, -1, -1, 20}));
    const auto unlimited = pools_of("go_sql_max_open_connections 0\ngo_sql_in_use_connections 4\n");
    EXPECT_EQ(figures(unlimited.at("default")), (std::vector<double>{-1, 4, -1, -1, -1, -1}));
}

TEST(PoolMetrics, DropEverythingElse) {
    EXPECT_THAT(pools_of("process_cpu_seconds_total 5\ngo_goroutines 9\nhikaricp_connections 1\n"
                         "db_client_connection_count{state=\"other\"} 4\n"
                         "hikaricp_connections_active NaN\n"),
                SizeIs(0));
}

TEST(PoolMetrics, OfSeveralProcessesAddUpAndPoolsStayApart) {
    const auto pools = pools_of(
        "hikaricp_connections_active{pool=\"a\",instance=\"1\"} 4\n"
        "hikaricp_connections_active{pool=\"a\",instance=\"2\"} 3\n"
        "hikaricp_connections_active{pool=\"b\"} 2\n");
    ASSERT_THAT(pools, SizeIs(2));
    EXPECT_THAT(pools.at("a")[PoolFigure::Used], Optional(7));
    EXPECT_THAT(pools.at("b")[PoolFigure::Used], Optional(2));
}

TEST(PoolMapping, TakesAnyNameAndOverridesWhatWasRecognised) {
    const auto mappings = parse_mappings({{"pool_size", "sqla_pool{kind=\"limit\"}"},
                                          {"pool_used", "sqla_checked_out"},
                                          {"pool_pending", "waiters"}});
    ASSERT_TRUE(mappings.ok());
    const auto pools = pools_of(
        "sqla_pool{kind=\"limit\",pool=\"main\"} 15\nsqla_pool{kind=\"overflow\",pool=\"main\"} "
        "10\n"
        "sqla_checked_out{pool=\"main\"} 12\nwaiters{pool=\"main\"} 2\n"
        "hikaricp_connections_max{pool=\"main\"} 99\nhikaricp_connections_idle{pool=\"main\"} 3\n",
        *mappings);
    ASSERT_THAT(pools, SizeIs(1));
    EXPECT_EQ(figures(pools.at("main")), (std::vector<double>{15, 12, 3, 2, -1, -1}));
}

TEST(PoolMapping, NamesWhatIsWrong) {
    const auto figure = parse_mappings({{"pool_max", "x"}});
    ASSERT_FALSE(figure.ok());
    EXPECT_EQ(figure.error().to_string(),
              "pool_max: is no figure of a pool; there are pool_size, pool_used, pool_idle, "
              "pool_pending, pool_timeouts, pool_waits");
    const auto selector = parse_mappings({{"pool_size", "sum(x)"}});
    ASSERT_FALSE(selector.ok());
    EXPECT_EQ(selector.error().where, "pool_size");
}

}  // namespace
}  // namespace plimsoll
