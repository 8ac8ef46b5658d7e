#include "base/units.hpp"

#include "base/random.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsEveryUnit) {
    const std::array<std::pair<const char*, Nanoseconds>, 14> cases{{
        {"0s", 0ns},
        {"7ns", 7ns},
        {"10us", 10us},
        {"10µs", 10us},
        {"250ms", 250ms},
        {"1.5s", 1500ms},
        {"2m", 120s},
        {"1h", 3600s},
        {"1d", 86400s},
        {"1h30m", 90min},
        {"1m30.5s", 90'500ms},
        {"2d3h4m5s6ms", 51h + 4min + 5s + 6ms},
        {"0.001ms", 1us},
        {"3650d", 24h * 3650},
    }};
    for (const auto& [text, expected] : cases) {
        const auto parsed = parse_duration(text);
        ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.error().to_string();
        EXPECT_EQ(*parsed, expected) << text;
    }
}

TEST(ParseDuration, SaysWhatIsWrong) {
    const std::array<std::pair<const char*, const char*>, 13> cases{{
        {"", "must be a duration, got \"\""},
        {"soon", "must be a duration, got \"soon\""},
        {"s", "must be a duration, got \"s\""},
        {" 5s", "must be a duration, got \" 5s\""},
        {"5", "must have a unit, got \"5\""},
        {"5 s", "must have a unit, got \"5 s\""},
        {"1h30", "must have a unit, got \"1h30\""},
        {"5sec", "has an unknown unit \"sec\", got \"5sec\""},
        {"1e3s", "has an unknown unit \"e\", got \"1e3s\""},
        {"-5s", "must not be negative, got \"-5s\""},
        {"infs", "must be a duration, got \"infs\""},
        {"nans", "must be a duration, got \"nans\""},
        {"4000d", "must be at most 10 years, got \"4000d\""},
    }};
    for (const auto& [text, expected] : cases) {
        const auto parsed = parse_duration(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.error().what, expected);
        EXPECT_EQ(parsed.error().where, "");
        EXPECT_EQ(parsed.error().hint, "write a number and a unit, e.g. 250ms, 30s, 2m, 1h30m");
    }
}

TEST(ParseDuration, RefusesANumberTooLargeToHold) {
    const std::string nines(400, '9');
    const auto parsed = parse_duration(nines + "s");
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().what, "must be a duration, got \"" + nines + "s\"");
}

TEST(ParseRate, ReadsEveryUnitAsPerSecond) {
    const std::array<std::pair<const char*, double>, 9> cases{{{"200/s", 200},
                                                               {"12.5/s", 12.5},
                                                               {"600/m", 10},
                                                               {"36000/h", 10},
                                                               {"0/s", 0},
                                                               {"20k/s", 20'000},
                                                               {"2M/s", 2'000'000},
                                                               {"1.5M/m", 25'000},
                                                               {"0.36k/h", 0.1}}};
    for (const auto& [text, expected] : cases) {
        const auto parsed = parse_rate(text);
        ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.error().to_string();
        EXPECT_DOUBLE_EQ(parsed->per_second(), expected) << text;
    }
}

TEST(ParseRate, SaysWhatIsWrong) {
    const std::array<std::pair<const char*, const char*>, 14> cases{{
        {"", "must be a rate, got \"\""},
        {"2M", "must have a unit, got \"2M\""},
        {"2m/s", "has an unknown unit, got \"2m/s\""},
        {"2K/s", "has an unknown unit, got \"2K/s\""},
        {"2 M/s", "has an unknown unit, got \"2 M/s\""},
        {"2kM/s", "has an unknown unit, got \"2kM/s\""},
        {"fast", "must be a rate, got \"fast\""},
        {"/s", "must be a rate, got \"/s\""},
        {"250", "must have a unit, got \"250\""},
        {"250/d", "has an unknown unit, got \"250/d\""},
        {"250 /s", "has an unknown unit, got \"250 /s\""},
        {"-5/s", "must not be negative, got \"-5/s\""},
        {"inf/s", "must be a rate, got \"inf/s\""},
        {"nan/s", "must be a rate, got \"nan/s\""},
    }};
    for (const auto& [text, expected] : cases) {
        const auto parsed = parse_rate(text);
        ASSERT_FALSE(parsed.ok()) << text;
        EXPECT_EQ(parsed.error().what, expected);
        EXPECT_EQ(parsed.error().hint, "write it as requests per second, e.g. 250/s (or /m, /h)");
    }
}

TEST(ParseRate, RefusesAMagnitudeThatMakesItTooLargeToHold) {
    const std::string nines(308, '9');
    EXPECT_TRUE(parse_rate(nines + "/s").ok());
    ASSERT_FALSE(parse_rate(nines + "M/s").ok());
}

TEST(FormatDuration, WritesTheShortestForm) {
    const std::array<std::pair<Nanoseconds, const char*>, 13> cases{{
        {0ns, "0s"},
        {1us, "1us"},
        {1500ns, "1.5us"},
        {12us, "12us"},
        {250ms, "250ms"},
        {250'500us, "250500us"},
        {1500ms, "1.5s"},
        {30s, "30s"},
        {60s, "1m"},
        {150s, "2m30s"},
        {90min, "1h30m"},
        {25h, "25h"},
        {1h + 500ms, "1h0.5s"},
    }};
    for (const auto& [duration, expected] : cases) {
        EXPECT_EQ(format_duration(duration), expected);
    }
}

TEST(FormatDuration, NeverWritesAnExponent) {
    EXPECT_EQ(format_duration(999'999'500ns), "999999.5us");
    EXPECT_EQ(format_duration(1min + 50us), "1m0.00005s");
}

TEST(FormatDuration, ReadsBackTheSameToAMicrosecond) {
    Random random(11, 0, 0);
    for (int i = 0; i < 20'000; ++i) {
        // Spread over all magnitudes: up to 2^k ns for k in 1 to 52 (52 days).
        const auto bound = std::uint64_t{1} << random.between(1, 52);
        const Nanoseconds duration(static_cast<std::int64_t>(random.between(0, bound)) +
                                   static_cast<std::int64_t>(random.between(0, 2)) *
                                       60'000'000'000);
        const std::string text = format_duration(duration);
        const auto parsed = parse_duration(text);
        ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.error().to_string();
        ASSERT_LE(std::abs((*parsed - duration).count()), 1000) << text;
    }
}

TEST(HumanSeconds, ShowsThreeSignificantDigitsAndTheUnitThatFits) {
    const std::array<std::pair<double, const char*>, 15> cases{{
        {0, "0 s"},
        {0.00000123, "1.23 µs"},
        {0.000789, "789 µs"},
        {0.00123, "1.23 ms"},
        {0.0456, "45.6 ms"},
        {0.25, "250 ms"},
        {1, "1.00 s"},
        {45.6, "45.6 s"},
        {99.96, "100 s"},
        {9.996, "10.0 s"},
        {123.4, "123 s"},
        {3600, "3600 s"},
        {0.99949, "999 ms"},
        {0.9996, "1.00 s"},
        {0.0009996, "1.00 ms"},
    }};
    for (const auto& [seconds, expected] : cases) {
        EXPECT_EQ(human_seconds(seconds), expected) << seconds;
    }
    EXPECT_EQ(human_seconds(-0.0123), "-12.3 ms");
}

TEST(FormatRate, ShowsAtMostOneDecimal) {
    EXPECT_EQ(format_rate(Rate::per_second(250)), "250/s");
    EXPECT_EQ(format_rate(Rate::per_second(1234.5)), "1234.5/s");
    EXPECT_EQ(format_rate(Rate::per_second(12.34)), "12.3/s");
    EXPECT_EQ(format_rate(Rate::per_second(249.98)), "250/s");
    EXPECT_EQ(format_rate(Rate()), "0/s");
}

TEST(Rate, ComparesByValue) {
    EXPECT_LT(Rate::per_second(1), Rate::per_second(2));
    EXPECT_EQ(Rate::per_second(3), Rate::per_second(3));
}

}  // namespace
}  // namespace plimsoll
