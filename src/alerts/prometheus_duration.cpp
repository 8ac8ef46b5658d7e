#include "alerts/prometheus_duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

struct Unit {
    std::string_view name;
    Nanoseconds length;
};
// In the order in which Prometheus wants them (model.ParseDuration).
constexpr std::array<Unit, 7> kUnits{
    {{"y", 24h * 365}, {"w", 24h * 7}, {"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};

}  // namespace

Result<Nanoseconds> parse_prometheus_duration(std::string_view text) {
    const Error refusal{
        fmt::format("must be a duration such as 30s, 5m or 1h30m, got \"{}\"", text)};
    if (text == "0") {
        return Nanoseconds{};
    }
    Nanoseconds sum{};
    std::size_t unit = 0;
    std::string_view rest = text;
    while (!rest.empty()) {
        std::uint32_t count = 0;
        const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), count);
        if (read.ec != std::errc{}) {
            return refusal;
        }
        rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
        const std::size_t letters = std::min(rest.find_first_of("0123456789"), rest.size());
        const std::string_view name = rest.substr(0, letters);
        while (unit < kUnits.size() && kUnits[unit].name != name) {
            ++unit;
        }
        constexpr std::uint32_t kMost = 1'000'000;  // 10 years have 87,600 h; ns would overflow
        if (unit == kUnits.size() || (count > kMost && kUnits[unit].length >= 1h)) {
            return refusal;
        }
        sum += kUnits[unit].length * count;
        ++unit;
        rest.remove_prefix(letters);
    }
    return text.empty() ? Result<Nanoseconds>(refusal) : Result<Nanoseconds>(sum);
}

std::string prometheus_duration(Nanoseconds duration) {
    std::string out;
    for (const Unit& unit : kUnits) {
        if (unit.length > 1h) {
            continue;  // 36h reads better than 1d12h
        }
        const auto count = duration / unit.length;
        if (count > 0) {
            out += fmt::format("{}{}", count, unit.name);
            duration -= unit.length * count;
        }
    }
    return out.empty() ? "0s" : out;
}

}  // namespace plimsoll
