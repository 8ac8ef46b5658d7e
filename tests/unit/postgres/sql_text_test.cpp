#include "probes/postgres/sql_text.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(FoldLiterals, MakesOneTextOfStatementsThatDifferInTheirValues) {
    EXPECT_EQ(fold_literals("UPDATE  items SET stock = stock - 1\n WHERE id = 42;"),
              "UPDATE items SET stock = stock - ? WHERE id = ?");
    EXPECT_EQ(fold_literals("SELECT 1.5e3, -7, .5, 0x1F"), "SELECT ?, -?, .?, ?");
    EXPECT_EQ(fold_literals("SELECT * FROM t1 WHERE c2 = $3 AND a.b9 = 9"),
              "SELECT * FROM t1 WHERE c2 = $3 AND a.b9 = ?");
}

TEST(FoldLiterals, LeavesNoQuotedValue) {
    EXPECT_EQ(fold_literals("ALTER ROLE web PASSWORD 'hunter2'"), "ALTER ROLE web PASSWORD ?");
    EXPECT_EQ(fold_literals("SELECT 'it''s', E'a\\'b', B'01', U&'x'"), "SELECT ?, ?, ?, U&?");
    EXPECT_EQ(fold_literals("SELECT $$hun'ter2$$, $tag$x $$ y$tag$, 'cut off in the mid"),
              "SELECT ?, ?, ?");
    EXPECT_EQ(fold_literals("SELECT \"Odd 'Name' 1\" FROM x"), "SELECT \"Odd 'Name' 1\" FROM x");
    EXPECT_EQ(fold_literals("SELECT 'a\\', hunter2"), "SELECT ?, hunter2");
    EXPECT_EQ(fold_literals("SELECT $tag$ never closed hunter2"), "SELECT ?");
}

TEST(FoldLiterals, CutsLongTextsBetweenCharacters) {
    std::string sql(kShownSql - 1, 'x');
    sql += "\xC3\xA9 and more";  // é across the limit
    EXPECT_EQ(fold_literals(sql), std::string(kShownSql - 1, 'x'));
    EXPECT_EQ(fold_literals(""), "");
    EXPECT_EQ(fold_literals("$"), "$");
}

TEST(QuoteName, QuotesWhatSqlWouldRead) {
    EXPECT_EQ(quote_name("web_1"), "web_1");
    EXPECT_EQ(quote_name("side-eye"), "\"side-eye\"");
    EXPECT_EQ(quote_name("Web"), "\"Web\"");
    EXPECT_EQ(quote_name("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(quote_name("1st"), "\"1st\"");
}

}  // namespace
}  // namespace plimsoll
