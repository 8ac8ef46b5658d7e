#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::string_view_literals;

TEST(Utf8Length, IsThatOfTheFirstAndLastSequencesOfEachLength) {
    const struct {
        std::string_view text;
        std::size_t length;
    } rows[] = {
        {"\0"sv, 1},
        {"\x7F"sv, 1},
        {"\xC2\x80"sv, 2},
        {"\xDF\xBF"sv, 2},
        {"\xE0\xA0\x80"sv, 3},
        {"\xED\x9F\xBF"sv, 3},
        {"\xEE\x80\x80"sv, 3},
        {"\xEF\xBF\xBF"sv, 3},
        {"\xF0\x90\x80\x80"sv, 4},
        {"\xF4\x8F\xBF\xBF"sv, 4},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(utf8_length(row.text), row.length);
        EXPECT_EQ(utf8_length(std::string(row.text) + "x"), row.length);
        if (row.length > 1) {
            EXPECT_EQ(utf8_length(row.text.substr(0, row.length - 1)), 0U);
        }
    }
}

TEST(Utf8Length, IsNoneOfWhatIsNoSequence) {
    for (const std::string_view text : {
             ""sv, "\x80"sv, "\xBF"sv, "\xC0\x80"sv, "\xC1\xBF"sv,  // no lead, or overlong
             "\xE0\x9F\xBF"sv, "\xF0\x8F\xBF\xBF"sv,                // overlong
             "\xED\xA0\x80"sv, "\xED\xBF\xBF"sv,                    // surrogates
             "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv,  // above U+10FFFF
         }) {
        EXPECT_EQ(utf8_length(text), 0U);
    }
}

TEST(ValidUtf8, ReplacesEachByteThatIsNoText) {
    EXPECT_EQ(valid_utf8("käse \xE2\x82\xAC\n"), "käse \xE2\x82\xAC\n");
    EXPECT_EQ(valid_utf8("x\xFFy"), "x\xEF\xBF\xBDy");
    EXPECT_EQ(valid_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(valid_utf8(""), "");
}

}  // namespace
}  // namespace plimsoll
