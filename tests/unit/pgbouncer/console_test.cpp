// The console's tables as different versions of PgBouncer print them.
#include "probes/pgbouncer/console.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Pools, AreReadByColumnNameWhateverTheirOrder) {
    const ConsoleTable older{
        {"database", "user", "cl_active", "cl_waiting", "sv_active", "sv_idle", "sv_used",
         "sv_tested", "sv_login", "maxwait", "maxwait_us", "pool_mode"},
        {{"shop", "web", "3", "7", "5", "1", "2", "0", "0", "2", "250000", "transaction"},
         {"pgbouncer", "pgbouncer", "1", "0", "0", "0", "0", "0", "0", "0", "0", "statement"}}};
    // 1.18 and later put cancelled requests in between.
    const ConsoleTable newer{
        {"pool_mode", "maxwait_us", "maxwait", "database", "user", "cl_active", "cl_waiting",
         "cl_active_cancel_req", "sv_active", "sv_active_cancel", "sv_idle", "sv_used"},
        {{"transaction", "250000", "2", "shop", "web", "3", "7", "99", "5", "99", "1", "2"}}};
    for (const ConsoleTable& table : {older, newer}) {
        const auto pools = read_pools(table);
        ASSERT_EQ(pools.size(), 1U);  // without the console's own
        EXPECT_EQ(pools[0].database, "shop");
        EXPECT_EQ(pools[0].user, "web");
        EXPECT_EQ(pools[0].mode, "transaction");
        EXPECT_EQ(pools[0].clients_active, 3);
        EXPECT_EQ(pools[0].clients_waiting, 7);
        EXPECT_EQ(pools[0].servers_active, 5);
        EXPECT_EQ(pools[0].servers_idle, 3);
        EXPECT_DOUBLE_EQ(pools[0].max_wait_s, 2.25);
    }
}

TEST(Pools, WithoutMicrosecondsHaveWholeSecondsOfWaiting) {
    const auto pools = read_pools({{"database", "user", "maxwait"}, {{"shop", "web", "3"}}});
    EXPECT_DOUBLE_EQ(pools.at(0).max_wait_s, 3);
}

TEST(Totals, AreSecondsAndMissingWhereTheVersionHasNone) {
    const auto totals =
        read_totals({{"database", "total_xact_count", "total_xact_time", "total_wait_time"},
                     {{"pgbouncer", "9", "9", "9"}, {"shop", "100", "2500000", "750000"}}});
    ASSERT_EQ(totals.size(), 1U);
    EXPECT_EQ(totals[0].transactions, 100);
    EXPECT_EQ(totals[0].transaction_s, 2.5);
    EXPECT_EQ(totals[0].wait_s, 0.75);
    EXPECT_FALSE(totals[0].queries);
    EXPECT_FALSE(totals[0].query_s);
}

TEST(Pairs, AreReadByColumnNameToo) {
    const auto config = read_pairs(
        {{"default", "value", "key", "changeable"}, {{"100", "400", "max_client_conn", "yes"}}},
        "key", "value");
    EXPECT_EQ(config.at("max_client_conn"), "400");
    EXPECT_TRUE(read_pairs({{"list"}, {{"pools"}}}, "list", "items").empty());
}

TEST(PoolSizes, BelongToTheNameThatClientsUse) {
    const auto sizes = read_pool_sizes(
        {{"name", "database", "pool_size"}, {{"shop", "shop_v2", "12"}, {"odd", "odd", ""}}});
    EXPECT_EQ(sizes, (std::map<std::string, double>{{"shop", 12}}));
}

}  // namespace
}  // namespace plimsoll
