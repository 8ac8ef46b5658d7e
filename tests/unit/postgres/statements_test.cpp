#include "probes/postgres/statements.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(TopStatements, AreTheDifferenceInOrderOfTime) {
    const Statements before{{"1", {100, 10, 100, 1000}}, {"2", {5, 1, 5, 10}}, {"3", {7, 3, 0, 0}}};
    const Statements after{{"1", {110, 11, 110, 1100}},  // 10 calls, 1 s
                           {"2", {9, 4, 9, 4010}},       // 4 calls, 3 s
                           {"3", {7, 3, 0, 0}},          // not called
                           {"4", {1, 0.5, 1, 1}}};
    const TopStatements found = top_statements(before, after, 2);
    EXPECT_DOUBLE_EQ(found.total_s, 4.5);
    ASSERT_EQ(found.top.size(), 2U);
    EXPECT_EQ(found.top[0].query_id, "2");
    EXPECT_DOUBLE_EQ(found.top[0].during.calls, 4);
    EXPECT_DOUBLE_EQ(found.top[0].during.exec_s, 3);
    EXPECT_DOUBLE_EQ(found.top[0].during.blocks, 4000);
    EXPECT_EQ(found.top[1].query_id, "1");
}

TEST(TopStatements, CountFromZeroWhereTheStatisticsWereReset) {
    const TopStatements found =
        top_statements({{"1", {100, 10, 100, 100}}}, {{"1", {3, 0.3, 3, 3}}}, 5);
    EXPECT_DOUBLE_EQ(found.total_s, 0.3);
    EXPECT_DOUBLE_EQ(found.top.at(0).during.calls, 3);
}

TEST(StatementFacts, NameEachStatementAndLeaveOutOurOwn) {
    TopStatements found;
    found.total_s = 4;
    found.top = {{"2", {4, 3, 8, 4000}}, {"9", {1, 0.5, 1, 1}}, {"1", {10, 0.5, 10, 100}}};
    const auto facts = statement_facts(found, {{"2", "SELECT  *\nFROM t WHERE x = $1"},
                                               {"9", "SELECT /* plimsoll */ 1"},
                                               {"1", "COMMIT"}});
    const std::vector<std::pair<std::string, std::string>> expected{
        {"statements.total_s", "4.000000"},
        {"statement.1.sql", "SELECT * FROM t WHERE x = $1"},
        {"statement.1.calls", "4"},
        {"statement.1.total_s", "3.000000"},
        {"statement.1.mean_s", "0.750000"},
        {"statement.1.rows_per_call", "2.000"},
        {"statement.1.blocks_per_call", "1000.0"},
        {"statement.2.sql", "COMMIT"},
        {"statement.2.calls", "10"},
        {"statement.2.total_s", "0.500000"},
        {"statement.2.mean_s", "0.050000"},
        {"statement.2.rows_per_call", "1.000"},
        {"statement.2.blocks_per_call", "10.0"}};
    EXPECT_EQ(facts, expected);
}

}  // namespace
}  // namespace plimsoll
