#include "base/instant.hpp"

#include <charconv>
#include <optional>
#include <string>

namespace plimsoll {
namespace {

using namespace std::chrono;

Error wrong() {
    return Error{"must be a date and time with its offset from UTC, or seconds since 1970",
                 {},
                 "e.g. 2026-01-31T12:00:00Z"};
}

/// Takes what it reads off the front of a text; `good` is false once something was not there.
struct Reader {
    std::string_view rest;
    bool good = true;

    void expect(char c) {
        good = good && !rest.empty() && rest.front() == c;
        if (good) {
            rest.remove_prefix(1);
        }
    }
    int digits(std::size_t count) {
        int value = 0;
        good = good && rest.size() >= count;
        for (std::size_t i = 0; good && i < count; ++i) {
            good = rest[i] >= '0' && rest[i] <= '9';
            value = value * 10 + (rest[i] - '0');
        }
        if (good) {
            rest.remove_prefix(count);
        }
        return value;
    }
    /// ".25" as 250 ms; nothing there is 0.
    Nanoseconds fraction() {
        std::int64_t ns = 0;
        if (!good || rest.empty() || rest.front() != '.') {
            return {};
        }
        rest.remove_prefix(1);
        std::int64_t unit = 100'000'000;
        std::size_t count = 0;
        while (count < rest.size() && rest[count] >= '0' && rest[count] <= '9') {
            ns += (rest[count] - '0') * unit;
            unit /= 10;
            ++count;
        }
        good = count > 0;
        rest.remove_prefix(count);
        return Nanoseconds(ns);
    }
};

std::optional<WallClock::time_point> read_unix(std::string_view text) {
    std::int64_t seconds_since = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds_since);
    constexpr std::int64_t kLatest = 9'000'000'000;  // in the year 2255
    if (read.ec != std::errc{} || seconds_since < 0 || seconds_since > kLatest) {
        return std::nullopt;
    }
    Reader reader{text.substr(static_cast<std::size_t>(read.ptr - text.data()))};
    const Nanoseconds fraction = reader.fraction();
    if (!reader.good || !reader.rest.empty()) {
        return std::nullopt;
    }
    return WallClock::time_point(
        duration_cast<WallClock::duration>(seconds(seconds_since) + fraction));
}

/// "Z", or "+01:00".
std::optional<minutes> read_offset(Reader& reader) {
    if (reader.good && !reader.rest.empty() && (reader.rest.front() | 0x20) == 'z') {
        reader.rest.remove_prefix(1);
        return minutes(0);
    }
    const bool minus = !reader.rest.empty() && reader.rest.front() == '-';
    reader.expect(minus ? '-' : '+');
    const int hour = reader.digits(2);
    reader.expect(':');
    const int minute = reader.digits(2);
    if (!reader.good || hour > 23 || minute > 59) {
        return std::nullopt;
    }
    return (minus ? -1 : 1) * (hours(hour) + minutes(minute));
}

std::optional<WallClock::time_point> read_date(std::string_view text) {
    Reader reader{text};
    const year_month_day date = [&] {
        const int y = reader.digits(4);
        reader.expect('-');
        const int m = reader.digits(2);
        reader.expect('-');
        const int d = reader.digits(2);
        return year(y) / month(static_cast<unsigned>(m)) / day(static_cast<unsigned>(d));
    }();
    if (reader.good && !reader.rest.empty() &&
        (reader.rest.front() == 't' || reader.rest.front() == ' ')) {
        reader.rest.remove_prefix(1);
    } else {
        reader.expect('T');
    }
    const int hour = reader.digits(2);
    reader.expect(':');
    const int minute = reader.digits(2);
    reader.expect(':');
    const int second = reader.digits(2);
    const Nanoseconds fraction = reader.fraction();
    const auto offset = read_offset(reader);
    if (!reader.good || !reader.rest.empty() || !offset || !date.ok() || hour > 23 || minute > 59 ||
        second > 60) {
        return std::nullopt;
    }
    return WallClock::time_point(
        duration_cast<WallClock::duration>(sys_days(date).time_since_epoch() + hours(hour) +
                                           minutes(minute) + seconds(second) + fraction - *offset));
}

}  // namespace

Result<WallClock::time_point> parse_instant(std::string_view text) {
    const bool number = text.find_first_not_of("0123456789.") == std::string_view::npos;
    const auto at = number ? read_unix(text) : read_date(text);
    return at ? Result<WallClock::time_point>(*at) : Result<WallClock::time_point>(wrong());
}

}  // namespace plimsoll
