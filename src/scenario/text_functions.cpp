#include "scenario/text_functions.hpp"

#include "scenario/number.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace plimsoll {

// RFC 9562, section 5.4: version 4, variant 10, all else random.
void append_uuid(Random& random, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const std::uint64_t high = (random() & 0xFFFFFFFFFFFF0FFFULL) | 0x4000ULL;
    const std::uint64_t low = (random() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;
    std::array<char, 36> text;
    std::size_t at = 0;
    for (unsigned digit = 0; digit < 32; ++digit) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
            text[at++] = '-';
        }
        const std::uint64_t word = digit < 16 ? high : low;
        text[at++] = kHex[(word >> (60 - 4 * (digit % 16))) & 0xFU];
    }
    out.append(text.data(), text.size());
}

void append_time(std::int64_t unix_ns, std::uint16_t form, std::string& out) {
    constexpr std::int64_t kMilli = 1'000'000;
    constexpr std::int64_t kSecond = 1'000'000'000;
    switch (form) {
        case 0:
            append_integer(unix_ns / kSecond, out);
            return;
        case 1:
            append_integer(unix_ns / kMilli, out);
            return;
        case 3:
            append_integer(unix_ns, out);
            return;
        default:
            break;
    }
    using std::chrono::days;
    const std::chrono::sys_time<std::chrono::milliseconds> time{
        std::chrono::milliseconds(unix_ns / kMilli)};
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::array<char, 40> text;
    const auto end = fmt::format_to_n(
        text.data(), text.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
        clock.seconds().count(), clock.subseconds().count());
    out.append(text.data(), end.size);
}

namespace {

// Bytes of a UTF-8 character that begins with `lead`.
std::size_t character_length(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0x80U ? 1 : byte < 0xE0U ? 2 : byte < 0xF0U ? 3 : 4;
}

}  // namespace

std::size_t characters_in(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string_view slice(std::string_view text, std::size_t from, std::size_t count) {
    std::size_t begin = 0;
    for (; from > 0 && begin < text.size(); --from) {
        begin += character_length(text[begin]);
    }
    begin = std::min(begin, text.size());
    std::size_t end = begin;
    for (; count > 0 && end < text.size(); --count) {
        end += character_length(text[end]);
    }
    return text.substr(begin, std::min(end, text.size()) - begin);
}

void change_case(std::size_t begin, bool upper, std::string& out) {
    for (std::size_t at = begin; at < out.size(); ++at) {
        const char c = out[at];
        const char low = upper ? 'a' : 'A';
        if (c >= low && c <= low + 25) {
            out[at] = static_cast<char>(upper ? c - 32 : c + 32);
        }
    }
}

void trim(std::size_t begin, std::string& out) {
    constexpr std::string_view kBlank = " \t\r\n";
    while (out.size() > begin && kBlank.find(out.back()) != std::string_view::npos) {
        out.pop_back();
    }
    const std::size_t first = out.find_first_not_of(kBlank, begin);
    out.erase(begin, std::min(first, out.size()) - begin);
}

}  // namespace plimsoll
