#include "app/live_view.hpp"

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

}  // namespace
}  // namespace plimsoll
