// Which views each version of the server is asked for.
#include "probes/postgres/queries.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

bool has(const std::string& sql, const char* part) {
    return sql.find(part) != std::string::npos;
}

struct Expected {
    int version;
    bool wal;           // pg_stat_wal: 14
    bool wal_times;     // its times: 14 to 17
    bool sessions;      // session_time and others in pg_stat_database: 14
    bool io;            // pg_stat_io: 16
    bool checkpointer;  // pg_stat_checkpointer: 17; before, pg_stat_bgwriter
    bool reserved;      // role pg_use_reserved_connections: 16
};

class ServerVersions : public ::testing::TestWithParam<Expected> {};

TEST_P(ServerVersions, AreAskedForWhatTheyHave) {
    const Expected e = GetParam();
    const std::string counters = counters_sql(e.version);
    EXPECT_TRUE(has(counters, "pg_stat_database"));
    EXPECT_EQ(has(counters, "pg_stat_wal"), e.wal);
    EXPECT_EQ(has(counters, "wal_sync_time"), e.wal_times);
    EXPECT_EQ(has(counters, "sessions_fatal"), e.sessions);
    EXPECT_EQ(has(counters, "pg_stat_io"), e.io);
    EXPECT_EQ(has(counters, "pg_stat_checkpointer"), e.checkpointer);
    EXPECT_EQ(has(counters, "pg_stat_bgwriter"), !e.checkpointer);
    EXPECT_EQ(has(settings_sql(e.version), "pg_use_reserved_connections"), e.reserved);
}

INSTANTIATE_TEST_SUITE_P(
    All, ServerVersions,
    ::testing::Values(Expected{130000, false, false, false, false, false, false},
                      Expected{130016, false, false, false, false, false, false},
                      Expected{140000, true, true, true, false, false, false},
                      Expected{150008, true, true, true, false, false, false},
                      Expected{160000, true, true, true, true, false, true},
                      Expected{160004, true, true, true, true, false, true},
                      Expected{170000, true, true, true, true, true, true},
                      Expected{180000, true, false, true, true, true, true}));

TEST(Queries, CarryTheMarkByWhichOurOwnAreKnown) {
    for (const std::string& sql : {activity_sql(), counters_sql(150000), settings_sql(150000),
                                   blockers_sql(), statements_sql("public"), table_scans_sql(),
                                   statement_texts_sql("public", {"1", "-2"})}) {
        EXPECT_TRUE(has(sql, "/* plimsoll */")) << sql;
    }
    EXPECT_TRUE(has(statement_texts_sql("s", {"1", "-2"}), "queryid IN (1, -2)"));
}

}  // namespace
}  // namespace plimsoll
