#include "deploy/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};
constexpr double kKi = 1024;
constexpr std::array kByteUnits{
    Unit{"B", 1},
    Unit{"KB", 1e3},
    Unit{"MB", 1e6},
    Unit{"GB", 1e9},
    Unit{"TB", 1e12},
    Unit{"KiB", kKi},
    Unit{"MiB", kKi* kKi},
    Unit{"GiB", kKi* kKi* kKi},
    Unit{"TiB", kKi* kKi* kKi* kKi},
    Unit{"Ki", kKi},
    Unit{"Mi", kKi* kKi},
    Unit{"Gi", kKi* kKi* kKi},
    Unit{"Ti", kKi* kKi* kKi* kKi},
};
constexpr std::array kBandwidthUnits{Unit{"bit/s", 1},    Unit{"kbit/s", 1e3},  Unit{"Mbit/s", 1e6},
                                     Unit{"Gbit/s", 1e9}, Unit{"Tbit/s", 1e12}, Unit{"KB/s", 8e3},
                                     Unit{"MB/s", 8e6},   Unit{"GB/s", 8e9}};
constexpr double kMost = 1024.0 * kKi * kKi * kKi * kKi * kKi;

Result<double> read(std::string_view text, std::string_view what, std::span<const Unit> units,
                    const char* hint) {
    const auto bad = [&](std::string_view why) {
        return Error{fmt::format("{}, got \"{}\"", why, text), {}, hint};
    };
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [at, code] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (code != std::errc{} || !std::isfinite(number)) {
        return bad(fmt::format("must be {}", what));
    }
    if (number < 0) {
        return bad("must not be negative");
    }
    const std::string_view name(at, static_cast<std::size_t>(end - at));
    if (name.empty()) {
        return bad("must have a unit");
    }
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const Unit& each) { return each.name == name; });
    if (unit == units.end()) {
        return bad(fmt::format("has an unknown unit \"{}\"", name));
    }
    if (number * unit->factor > kMost) {
        return bad("is too large");
    }
    return number * unit->factor;
}

/// At most one decimal, none where it is whole.
std::string short_number(double value) {
    std::string text = fmt::format("{:.1f}", value);
    if (text.ends_with(".0")) {
        text.resize(text.size() - 2);
    }
    return text;
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
    const auto bytes =
        read(text, "a size", kByteUnits, "write a number and a unit, e.g. 512B, 4KB, 512MiB, 2Gi");
    return bytes ? Result<std::uint64_t>(static_cast<std::uint64_t>(std::llround(*bytes)))
                 : bytes.error();
}

Result<double> parse_bandwidth(std::string_view text) {
    return read(text, "a bandwidth", kBandwidthUnits,
                "write a number and a unit, e.g. 10Gbit/s, 940Mbit/s, 1.25GB/s");
}

std::string bytes_text(double bytes) {
    constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t at = 0;
    while (bytes >= 1023.95 && at + 1 < kNames.size()) {
        bytes /= kKi;
        ++at;
    }
    return short_number(bytes) + ' ' + std::string(kNames[at]);
}

std::string bandwidth_text(double bits_per_s) {
    constexpr std::array<std::string_view, 5> kNames{"bit/s", "kbit/s", "Mbit/s", "Gbit/s",
                                                     "Tbit/s"};
    std::size_t at = 0;
    while (bits_per_s >= 999.5 && at + 1 < kNames.size()) {
        bits_per_s /= 1e3;
        ++at;
    }
    const int decimals = bits_per_s >= 99.95 ? 0 : bits_per_s >= 9.995 ? 1 : 2;
    std::string number = fmt::format("{:.{}f}", bits_per_s, decimals);
    if (decimals > 0) {
        number.erase(number.find_last_not_of('0') + 1);
        if (number.back() == '.') {
            number.pop_back();
        }
    }
    return number + ' ' + std::string(kNames[at]);
}

std::string count_text(double count) {
    std::string text = short_number(count < 1000 ? count : std::round(count));
    const auto point = std::min(text.find('.'), text.size());
    for (std::size_t at = point; at > 3;) {
        at -= 3;
        text.insert(at, " ");
    }
    return text;
}

}  // namespace plimsoll
