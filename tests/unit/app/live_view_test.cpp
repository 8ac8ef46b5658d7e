#include "app/live_view.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(WrapFields, KeepsOnOneLineWhatFits) {
    EXPECT_EQ(wrap_fields("load 5/s  failed 1 %", 4, 24), "load 5/s  failed 1 %");
}

TEST(WrapFields, BreaksBetweenFieldsAndIndentsTheRest) {
    EXPECT_EQ(wrap_fields("load 5/s  failed 1 %", 4, 23), "load 5/s\n    failed 1 %");
    EXPECT_EQ(wrap_fields("aa  bb  cc", 1, 7), "aa  bb\n cc");
}

TEST(WrapFields, CutsAFieldThatIsLongerThanALine) {
    EXPECT_EQ(wrap_fields("abcdefgh  ij", 2, 6), "abcd\n  ij");
}

TEST(WrapFields, CountsColumnsNotBytes) {
    EXPECT_EQ(wrap_fields("██  1 µs", 0, 8), "██  1 µs");
    EXPECT_EQ(wrap_fields("██  1 µs", 0, 7), "██\n1 µs");
    EXPECT_EQ(wrap_fields("████", 0, 2), "██");
}

TEST(Sparkline, DrawsTheLatestValuesAgainstTheHighestOfThem) {
    EXPECT_EQ(sparkline({}, 8), "");
    EXPECT_EQ(sparkline({0, 7, 3.5}, 8), "▁█▅");
    EXPECT_EQ(sparkline({1000, 1, 2}, 2), "▅█");  // the first is out of sight
    EXPECT_EQ(sparkline({0, 0}, 8), "▁▁");
    EXPECT_EQ(sparkline({std::nan(""), 5, std::nan("")}, 8), " █ ");
}

TEST(RowsOn, CountsWhatATerminalBreaks) {
    EXPECT_EQ(rows_on("", 80), 0);
    EXPECT_EQ(rows_on("one\ntwo\n", 80), 2);
    EXPECT_EQ(rows_on("12345678\n123456789\n", 8), 3);
    EXPECT_EQ(rows_on("▁▂▃▄\n\n", 4), 2);
    EXPECT_EQ(rows_on("\x1b[2mload\x1b[0m 12\n", 7), 1);  // colours take no room
    EXPECT_EQ(rows_on(std::string(81, 'x') + "\n", 40), 3);
}

}  // namespace
}  // namespace plimsoll
