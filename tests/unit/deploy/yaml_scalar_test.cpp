// What readers that we did not write make of these texts: tests/integration/deploy.
#include "deploy/yaml_scalar.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(YamlScalar, IsPlainOnlyWhereNobodyReadsSomethingElse) {
    for (const char* plain : {"checkout", "/etc/plimsoll/x.yaml", "http://a:7070", "a.b-c_d",
                              "s3://bucket/x", "--upload"}) {
        EXPECT_EQ(yaml_scalar(plain), plain);
    }
    for (const char* other :
         {"",     "true", "Yes",   "NO", "null", "on",   "y",   "N",  "nan", "1",
          "1e3",  "0x1F", "12:30", "-",  "--",   "---",  "--1", "-a", "- a", "a: b",
          "a #b", "a:",   "*a",    "&a", "!a",   "%a",   "@a",  "`a", "{a",  "[a",
          "?",    "~",    " a",    "a ", "ä",    ".inf", "=",   "<<"}) {
        EXPECT_EQ(yaml_scalar(other), '"' + std::string(other) + '"') << other;
    }
}

TEST(YamlScalar, EscapesWhatDoubleQuotesCannotHold) {
    EXPECT_EQ(yaml_quoted("a\"b\\c"), R"("a\"b\\c")");
    EXPECT_EQ(yaml_quoted("a\nb\tc\rd"), R"("a\nb\tc\rd")");
    EXPECT_EQ(yaml_quoted(std::string("\0\x01\x7F", 3)), R"("\x00\x01\x7F")");
    EXPECT_EQ(yaml_quoted("\xC2\x85 \xC2\xA0"), "\"\\x85 \xC2\xA0\"");
    EXPECT_EQ(yaml_quoted("\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF"), R"("\u2028\u2029\uFEFF")");
    EXPECT_EQ(yaml_quoted("\xF0\x9F\x9A\xA2"), "\"\xF0\x9F\x9A\xA2\"");
}

TEST(YamlBlock, KeepsLinesAsTheyAre) {
    EXPECT_EQ(yaml_block("a\nb\n", 2), "|\n    a\n    b");
    EXPECT_EQ(yaml_block("a\nb", 2), "|-\n    a\n    b");
    EXPECT_EQ(yaml_block("a\n\nb\n", 0), "|\n  a\n\n  b");
    EXPECT_EQ(yaml_block("a\n\n", 2), "|+\n    a\n");
    EXPECT_EQ(yaml_block("a\n\n\n", 2), "|+\n    a\n\n");
}

TEST(YamlBlock, SaysTheIndentationThatTheFirstLineWouldHide) {
    EXPECT_EQ(yaml_block("  a\nb\n", 2), "|2\n      a\n    b");
    EXPECT_EQ(yaml_block("\na\n", 2), "|2\n\n    a");
    EXPECT_EQ(yaml_block(" ", 2), "|2-\n     ");
}

TEST(YamlBlock, GivesWayToQuotesWhereNoBlockHoldsTheText) {
    EXPECT_EQ(yaml_block("", 2), R"("")");
    EXPECT_EQ(yaml_block("\n\n", 2), R"("\n\n")");
    EXPECT_EQ(yaml_block("a\r\nb", 2), R"("a\r\nb")");
    EXPECT_EQ(yaml_block("a\xC2\x85", 2), R"("a\x85")");
    EXPECT_EQ(yaml_block("\xEF\xBB\xBFname: x\n", 2), R"("\uFEFFname: x\n")");
}

TEST(IsPlainText, IsWhatAConfigMapTakesAsText) {
    EXPECT_TRUE(is_plain_text("a\r\n\tb \xC3\xA4"));
    EXPECT_FALSE(is_plain_text("\ta\n"));
    EXPECT_FALSE(is_plain_text("\n \ta"));
    EXPECT_FALSE(
        is_plain_text("a\xC2\x85"
                      "b"));
    EXPECT_FALSE(
        is_plain_text("a\xE2\x80\xA8"
                      "b"));
    EXPECT_FALSE(is_plain_text("\xEF\xBF\xBE"));
    EXPECT_FALSE(is_plain_text("\xFF\xFE"));
    EXPECT_FALSE(is_plain_text(std::string("a\0b", 3)));
    EXPECT_FALSE(is_plain_text("\x1B[31m"));
}

}  // namespace
}  // namespace plimsoll
