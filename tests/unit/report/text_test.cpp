#include "report/text.hpp"

#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

TEST(CleanText, KeepsValidUtf8AndReplacesEveryBrokenByte) {
    EXPECT_EQ(clean_text("plain\ttext\n"), "plain\ttext\n");
    EXPECT_EQ(clean_text("µ – ✓ 😀"), "µ – ✓ 😀");
    EXPECT_EQ(clean_text("a\xff\xfe z"), "a\uFFFD\uFFFD z");
    EXPECT_EQ(clean_text("cut \xe2\x82"), "cut \uFFFD\uFFFD");    // "€" without its last byte
    EXPECT_EQ(clean_text("\xc0\xaf"), "\uFFFD\uFFFD");            // "/" in two bytes: overlong
    EXPECT_EQ(clean_text("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // a lone surrogate
    EXPECT_EQ(clean_text("\xf4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
}

TEST(CleanText, DropsControlCharacters) {
    using namespace std::string_view_literals;
    EXPECT_EQ(clean_text("a\0b\x1b[31mc\x7f"sv), "a\uFFFDb\uFFFD[31mc\uFFFD");
    EXPECT_EQ(clean_text("line\r\nline\r"), "line\nline\uFFFD");
}

TEST(OneLine, FoldsWhiteSpace) {
    EXPECT_EQ(one_line("  a\n\n b\tc  "), "a b c");
    EXPECT_EQ(one_line("\n"), "");
}

TEST(Shortened, CountsCharactersNotBytes) {
    EXPECT_EQ(shortened("µµµ", 3), "µµµ");
    EXPECT_EQ(shortened("µµµµ", 3), "µµµ…");
    EXPECT_EQ(shortened("", 0), "");
}

TEST(EscapeMarkup, LeavesNothingThatMarkupWouldRead) {
    EXPECT_EQ(escape_markup("<a href=\"x\" b='y'>&amp;</a>"),
              "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
}

TEST(BreakableMarkup, BreaksBetweenWordsAndIsInert) {
    EXPECT_EQ(breakable_markup("PlimsollPoolPlateau"), "Plimsoll<wbr>Pool<wbr>Plateau");
    EXPECT_EQ(breakable_markup("plimsoll:slo_budget:ratio5m"),
              "plimsoll:<wbr>slo_<wbr>budget:<wbr>ratio5m");
    EXPECT_EQ(breakable_markup("HTTPErrors<b>"), "HTTPErrors&lt;b&gt;");
    EXPECT_EQ(breakable_markup(""), "");
}

TEST(EscapeMarkdown, LeavesNothingThatMarkdownWouldRead) {
    EXPECT_EQ(escape_markdown("a|b\n# `c` *d* _e_ [f](g) <h> ~i~"),
              "a\\|b \\# \\`c\\` \\*d\\* \\_e\\_ \\[f\\](g) &lt;h\\> \\~i\\~");
}

TEST(Grouped, SetsACommaBeforeEveryThreeDigits) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(18446744073709551615U), "18,446,744,073,709,551,615");
}

TEST(Figure, ShowsThreeSignificantDigits) {
    EXPECT_EQ(figure(0), "0");
    EXPECT_EQ(figure(1234.5), "1,235");
    EXPECT_EQ(figure(999.6), "1,000");
    EXPECT_EQ(figure(252.4), "252");
    EXPECT_EQ(figure(25.24), "25.2");
    EXPECT_EQ(figure(5), "5");
    EXPECT_EQ(figure(0.0025), "0.0025");
    EXPECT_EQ(figure(-3.25), "-3.25");
    EXPECT_EQ(figure(-12345), "-12,345");
}

TEST(Percent, KeepsRareFailuresVisible) {
    EXPECT_EQ(percent(52.0 / 66350), "0.0784 %");
    EXPECT_EQ(percent(0), "0 %");
    EXPECT_EQ(percent(1), "100 %");
}

TEST(ClockText, TakesTheUnitThatFits) {
    EXPECT_EQ(clock_text(40.92), "40.9 s");
    EXPECT_EQ(clock_text(59.96), "1 min 0 s");
    EXPECT_EQ(clock_text(725), "12 min 5 s");
    EXPECT_EQ(clock_text(3725), "1 h 2 min");
}

TEST(BytesText, TakesTheUnitThatFits) {
    EXPECT_EQ(bytes_text(512), "512 B");
    EXPECT_EQ(bytes_text(1536), "1.5 KiB");
    EXPECT_EQ(bytes_text(48.0 * 1024 * 1024), "48 MiB");
}

TEST(UtcTime, FollowsRfc3339) {
    EXPECT_EQ(utc_time(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(utc_time(1709210096), "2024-02-29T12:34:56Z");  // date -u -d @1709210096
}

}  // namespace
}  // namespace plimsoll::report
