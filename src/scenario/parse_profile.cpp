// Presets of load: shapes over time, as multiples of a base rate or a base number of users.
#include "scenario/parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Leg {
    std::chrono::seconds length;
    double target;  // at its end, in multiples of the base
};

struct Profile {
    std::string_view name;
    double start;
    std::span<const Leg> legs;
};

using namespace std::chrono_literals;
// Does it work at all?
constexpr std::array kSmoke{Leg{60s, 0.1}};
// Does it hold the load that is expected?
constexpr std::array kLoad{Leg{60s, 1}, Leg{480s, 1}, Leg{60s, 0}};
// And half as much again, and twice as much?
constexpr std::array kStress{Leg{60s, 1}, Leg{240s, 1}, Leg{60s, 1.5}, Leg{240s, 1.5},
                             Leg{60s, 2}, Leg{240s, 2}, Leg{60s, 0}};
// Does it survive a sudden rush, and recover from it?
constexpr std::array kSpike{Leg{30s, 1}, Leg{90s, 1}, Leg{10s, 5}, Leg{60s, 5},
                            Leg{10s, 1}, Leg{90s, 1}, Leg{10s, 0}};
// Does it hold for hours?
constexpr std::array kSoak{Leg{300s, 1}, Leg{6600s, 1}, Leg{300s, 0}};
// Where does it give way? First a while at the base, to compare with.
constexpr std::array kBreakpoint{Leg{60s, 1}, Leg{120s, 1}, Leg{1020s, 10}};

constexpr std::array kProfiles{
    Profile{"smoke", 0.1, kSmoke}, Profile{"load", 0, kLoad},
    Profile{"stress", 0, kStress}, Profile{"spike", 0, kSpike},
    Profile{"soak", 0, kSoak},     Profile{"breakpoint", 0, kBreakpoint}};

const Profile* find_profile(const Item& item) {
    std::array<std::string_view, kProfiles.size()> names;
    std::transform(kProfiles.begin(), kProfiles.end(), names.begin(),
                   [](const Profile& profile) { return profile.name; });
    const auto index = item.choice(names);
    return index ? &kProfiles.at(*index) : nullptr;
}

// Users come whole, and a level above none keeps at least one.
double level_of(double base, double factor, bool open) {
    return open ? base * factor : std::max(0.0, std::ceil(base * factor - 1e-9));
}

Ramp expand(const Profile& profile, double base, bool open, std::optional<Nanoseconds> length) {
    Nanoseconds usual{};
    for (const Leg& leg : profile.legs) {
        usual += leg.length;
    }
    const Nanoseconds whole = length.value_or(usual);
    const double scale = to_seconds(whole) / to_seconds(usual);
    std::vector<Ramp::Stage> stages;
    Nanoseconds passed{};
    Nanoseconds begin{};
    for (const Leg& leg : profile.legs) {
        passed += leg.length;  // ends are rounded, not lengths: the whole stays exact
        const std::chrono::milliseconds rounded(std::llround(to_seconds(passed) * scale * 1e3));
        const Nanoseconds end = passed == usual ? whole : std::min<Nanoseconds>(rounded, whole);
        stages.push_back({end - begin, level_of(base, leg.target, open)});
        begin = end;
    }
    return Ramp(level_of(base, profile.start, open), std::move(stages));
}

std::optional<double> read_base(const Fields& fields, bool open) {
    if (open) {
        const Item item = *fields.get("rate");
        const auto rate = item.rate();
        if (rate && rate->per_second() <= 0) {
            item.fault("must be above 0", "e.g. rate: 200/s");
            return std::nullopt;
        }
        return rate ? std::optional(rate->per_second()) : std::nullopt;
    }
    const auto users = fields.get("vus")->whole(1, kMostUsers, "it counts users, e.g. 50");
    return users ? std::optional(static_cast<double>(*users)) : std::nullopt;
}

}  // namespace

std::optional<ExecutorKind> profile_kind(const Item& item) {
    const auto written = item.named();
    const auto has = [&](std::string_view key) {
        return std::any_of(written.begin(), written.end(),
                           [&](const Item::Named& entry) { return entry.name == key; });
    };
    if (has("rate") == has("vus")) {
        item.fault(
            has("rate") ? "has both rate and vus: a profile has one base"
                        : "a profile needs its base: rate or vus",
            "e.g. {profile: stress, rate: 200/s, max_vus: 1000} or {profile: stress, vus: 50}");
        return std::nullopt;
    }
    return has("rate") ? ExecutorKind::RampingArrivalRate : ExecutorKind::RampingVus;
}

std::optional<Ramp> read_profile(const Fields& fields, Executor& executor) {
    const bool open = is_open(executor.kind);
    const Item item = *fields.get("profile");
    const Profile* const profile = find_profile(item);
    const auto base = read_base(fields, open);
    std::optional<Nanoseconds> length;
    if (const auto duration = fields.get("duration")) {
        length = duration->positive_duration();
    }
    if (profile == nullptr || !base) {
        return std::nullopt;
    }
    executor.profile = profile->name;
    Ramp ramp = expand(*profile, *base, open, length);
    if (!open && ramp.highest() > static_cast<double>(kMostUsers)) {
        fields.get("vus")->fault(
            fmt::format("asks for {:.0f} users at the top of this profile", ramp.highest()),
            fmt::format("at most {} are possible", kMostUsers));
        return std::nullopt;
    }
    return ramp;
}

}  // namespace plimsoll
