#include "base/shown_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(ShownText, LeavesTextAsItIs) {
    for (const char* text :
         {"", "plain", "two\nlines\tand a tab", "J\xc3\xbcrgen", "\xe2\x9c\x93 \xf0\x9f\x98\x80",
          "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "C:\\x1b"}) {
        EXPECT_EQ(shown_text(text), text);
    }
}

TEST(ShownText, WritesOutWhatWouldDoSomething) {
    const struct {
        std::string text;
        const char* shown;
    } rows[] = {
        {"\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"},
        {"a\rb\bc\x7f", "a\\x0db\\x08c\\x7f"},
        {std::string("a\0b", 3), "a\\x00b"},
        {"\xc2\x9b"
         "2J \xc2\x85",
         "\\u009b2J \\u0085"},  // CSI and NEL as C1
        {"\xe2\x80\xae"
         "cod.exe",
         "\\u202ecod.exe"},  // right-to-left override
        {"\xe2\x81\xa6 \xe2\x81\xa9 \xd8\x9c", "\\u2066 \\u2069 \\u061c"},  // isolates, ALM
        {"a\xe2\x80\x8b"
         "b\xef\xbb\xbf"
         "c",
         "a\\u200bb\\ufeffc"},
        {"\xe2\x80\xa8", "\\u2028"},
        {"\xf3\xa0\x81\x81", "\\U000e0041"},  // a tag character
        {"\x9b"
         "2J\xff\xc3",
         "\\x9b2J\\xff\\xc3"},                // no UTF-8
        {"\xc0\x9b", "\\xc0\\x9b"},           // overlong
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
    };
    for (const auto& row : rows) {
        EXPECT_EQ(shown_text(row.text), row.shown);
    }
}

TEST(ShownLine, KeepsToOneLine) {
    EXPECT_EQ(shown_line("a\nplimsoll: all is well\tb"), "a\\nplimsoll: all is well\\tb");
}

}  // namespace
}  // namespace plimsoll
