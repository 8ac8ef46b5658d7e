#include "deploy/quantity.hpp"

#include <array>
#include <utility>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(ParseBytes, TellsStepsOfAThousandFromStepsOf1024) {
    const std::array<std::pair<const char*, std::uint64_t>, 9> cases{{{"0B", 0},
                                                                      {"512B", 512},
                                                                      {"4KB", 4000},
                                                                      {"4KiB", 4096},
                                                                      {"1.5MB", 1'500'000},
                                                                      {"512Mi", 536'870'912},
                                                                      {"2GiB", 2'147'483'648},
                                                                      {"2Gi", 2'147'483'648},
                                                                      {"1TB", 1'000'000'000'000}}};
    for (const auto& [text, bytes] : cases) {
        const auto parsed = parse_bytes(text);
        ASSERT_TRUE(parsed.ok()) << text;
        EXPECT_EQ(*parsed, bytes) << text;
    }
}

TEST(ParseBytes, SaysWhatIsWrong) {
    const std::array<std::pair<const char*, const char*>, 8> cases{
        {{"", "must be a size, got \"\""},
         {"4", "must have a unit, got \"4\""},
         {"4 KB", "has an unknown unit \" KB\", got \"4 KB\""},
         {"4kb", "has an unknown unit \"kb\", got \"4kb\""},
         {"-4KB", "must not be negative, got \"-4KB\""},
         {"infB", "must be a size, got \"infB\""},
         {"2000000TiB", "is too large, got \"2000000TiB\""},
         {"KB", "must be a size, got \"KB\""}}};
    for (const auto& [text, what] : cases) {
        const auto parsed = parse_bytes(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.error().what, what);
    }
}

TEST(ParseBandwidth, IsBitsPerSecond) {
    EXPECT_DOUBLE_EQ(*parse_bandwidth("10Gbit/s"), 1e10);
    EXPECT_DOUBLE_EQ(*parse_bandwidth("940Mbit/s"), 9.4e8);
    EXPECT_DOUBLE_EQ(*parse_bandwidth("1.25GB/s"), 1e10);
    EXPECT_FALSE(parse_bandwidth("10G").ok());
    EXPECT_FALSE(parse_bandwidth("10Gbit").ok());
}

TEST(BytesText, HasTheUnitThatFits) {
    EXPECT_EQ(bytes_text(0), "0 B");
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(1024), "1 KiB");
    EXPECT_EQ(bytes_text(1536), "1.5 KiB");
    EXPECT_EQ(bytes_text(4.0 * 1024 * 1024 * 1024), "4 GiB");
    EXPECT_EQ(bytes_text(1024.0 * 1024 - 1), "1 MiB");
}

TEST(BandwidthText, HasThreeDigits) {
    EXPECT_EQ(bandwidth_text(0), "0 bit/s");
    EXPECT_EQ(bandwidth_text(1.2e9), "1.2 Gbit/s");
    EXPECT_EQ(bandwidth_text(1.234e9), "1.23 Gbit/s");
    EXPECT_EQ(bandwidth_text(12.34e6), "12.3 Mbit/s");
    EXPECT_EQ(bandwidth_text(999.6e6), "1 Gbit/s");
}

TEST(CountText, SetsThousandsApart) {
    EXPECT_EQ(count_text(0), "0");
    EXPECT_EQ(count_text(999), "999");
    EXPECT_EQ(count_text(1000), "1 000");
    EXPECT_EQ(count_text(2e6), "2 000 000");
    EXPECT_EQ(count_text(1234.56), "1 235");
    EXPECT_EQ(count_text(0.5), "0.5");
}

}  // namespace
}  // namespace plimsoll
