#include "base/instant.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

TEST(Instant, ReadsRfc3339) {
    // date -u -d ... +%s
    const std::pair<const char*, Nanoseconds> cases[]{
        {"2026-01-31T12:00:00Z", 1769860800s},
        {"2026-01-31t12:00:00z", 1769860800s},
        {"2026-01-31 12:00:00Z", 1769860800s},
        {"2026-01-31T13:00:00+01:00", 1769860800s},
        {"2026-01-31T06:30:00-05:30", 1769860800s},
        {"2026-01-31T12:00:00.25Z", 1769860800s + 250ms},
        {"2024-02-29T23:59:59.123456789Z", 1709251199s + 123456789ns},
        {"1970-01-01T00:00:00Z", 0s},
    };
    for (const auto& [text, expected] : cases) {
        const auto read = parse_instant(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->time_since_epoch(), expected) << text;
    }
}

TEST(Instant, ReadsSecondsSince1970) {
    EXPECT_EQ(parse_instant("1769860800")->time_since_epoch(), 1769860800s);
    EXPECT_EQ(parse_instant("1769860800.5")->time_since_epoch(), 1769860800s + 500ms);
}

TEST(Instant, RefusesWhatIsNoInstant) {
    for (const char* const text :
         {"", "now", "12:00:00", "2026-01-31", "2026-01-31T12:00:00", "2026-02-29T12:00:00Z",
          "2026-13-01T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
          "2026-01-31T12:00:00+1:00", "2026-01-31T12:00:00Z ", "2026-01-31T12:00:00.Z", "1.2.3",
          "-5", "1769860800.", "99999999999999999999", "1769860800s"}) {
        const auto read = parse_instant(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().what,
                  "must be a date and time with its offset from UTC, or seconds since 1970");
    }
}

}  // namespace
}  // namespace plimsoll
