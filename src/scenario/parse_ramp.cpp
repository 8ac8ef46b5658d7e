// The load of an executor over time.
#include "scenario/parts.hpp"

#include <array>

namespace plimsoll {
namespace {

std::optional<double> read_level(const Item& item, bool open) {
    if (open) {
        const auto rate = item.rate();
        return rate ? std::optional(rate->per_second()) : std::nullopt;
    }
    const auto users = item.whole(0, kMostUsers, "it counts users, e.g. 100");
    return users ? std::optional(static_cast<double>(*users)) : std::nullopt;
}

std::vector<Ramp::Stage> read_stages(const Item& item, bool open) {
    constexpr std::array<std::string_view, 2> kStageKeys{"duration", "target"};
    const std::string example = open ? "e.g. stages: [{duration: 30s, target: 200/s}]"
                                     : "e.g. stages: [{duration: 30s, target: 100}]";
    std::vector<Ramp::Stage> stages;
    for (const Item& stage : item.list("stages", example)) {
        if (!stage.require_map("a map with duration and target", example)) {
            continue;
        }
        const Fields fields(stage, {kStageKeys});
        const auto duration = fields.require("duration", "duration: 30s");
        const auto target = fields.require("target", open ? "target: 200/s" : "target: 100");
        const auto time = duration ? duration->duration() : std::nullopt;
        const auto level = target ? read_level(*target, open) : std::nullopt;
        if (time && level) {
            stages.push_back({*time, *level});
        }
    }
    return stages;
}

// A ramp that is at least formally one; nullopt when parts of it could not be read.
std::optional<Ramp> read_ramping(const Fields& fields, bool open) {
    constexpr double kStartUsers = 1;  // k6's startVUs
    const std::string_view start_key = open ? "start_rate" : "start_vus";
    std::optional<double> start = open ? 0 : kStartUsers;
    if (const auto item = fields.get(start_key)) {
        start = read_level(*item, open);
    }
    const auto item = fields.require("stages", open ? "stages: [{duration: 30s, target: 200/s}]"
                                                    : "stages: [{duration: 30s, target: 100}]");
    if (!item) {
        return std::nullopt;
    }
    auto stages = read_stages(*item, open);
    if (!start || stages.empty() || stages.size() != item->node().items.size()) {
        return std::nullopt;
    }
    Ramp ramp(*start, std::move(stages));
    if (ramp.duration() <= Nanoseconds{}) {
        item->fault("must last longer than 0 in all");
        return std::nullopt;
    }
    if (!(ramp.integral(ramp.duration()) > 0)) {
        item->fault("must ask for some load, but every target is 0");
        return std::nullopt;
    }
    return ramp;
}

std::optional<Ramp> read_constant(const Fields& fields, bool open) {
    const auto level_item =
        open ? fields.require("rate", "rate: 200/s") : fields.require("vus", "vus: 50");
    const auto duration_item = fields.require("duration", "duration: 30s");
    const auto duration = duration_item ? duration_item->positive_duration() : std::nullopt;
    std::optional<double> level;
    if (level_item && open) {
        level = read_level(*level_item, true);
        if (level && *level <= 0) {
            level_item->fault("must be above 0", "e.g. rate: 200/s");
            return std::nullopt;
        }
    } else if (level_item) {
        const auto vus = level_item->whole(1, kMostUsers, "it counts users, e.g. 50");
        level = vus ? std::optional(static_cast<double>(*vus)) : std::nullopt;
    }
    return level && duration ? std::optional(Ramp::constant(*level, *duration)) : std::nullopt;
}

// So many users until their iterations are done, for at most max_duration; k6's defaults.
std::optional<Ramp> read_counted(const Fields& fields) {
    std::optional<std::uint64_t> vus = 1;
    std::optional<Nanoseconds> longest = std::chrono::minutes(10);
    if (const auto item = fields.get("vus")) {
        vus = item->whole(1, kMostUsers, "it counts users, e.g. 50");
    }
    if (const auto item = fields.get("max_duration")) {
        longest = item->positive_duration();
    }
    return vus && longest ? std::optional(Ramp::constant(static_cast<double>(*vus), *longest))
                          : std::nullopt;
}

// The level until one is set, which may be none.
std::optional<Ramp> read_steered(const Fields& fields, bool open) {
    if (open && fields.has("vus")) {
        fields.get("vus")->at_key().fault(
            "cannot stand beside rate: what is set is either arrivals or users",
            "with a rate, max_vus says how many users may be busy at once");
        return std::nullopt;
    }
    if (!open && fields.has("arrivals")) {
        fields.get("arrivals")->at_key().fault("belongs to a rate, but users are what is set here");
        return std::nullopt;
    }
    const auto level_item =
        open ? fields.get("rate") : fields.require("vus", "vus: 50, or rate: 200/s");
    const auto duration_item = fields.require("duration", "duration: 30m");
    const auto duration = duration_item ? duration_item->positive_duration() : std::nullopt;
    const auto level = level_item ? read_level(*level_item, open) : std::nullopt;
    return level && duration ? std::optional(Ramp::constant(*level, *duration)) : std::nullopt;
}

}  // namespace

std::optional<Ramp> read_ramp(const Fields& fields, ExecutorKind kind) {
    if (is_steered(kind)) {
        return read_steered(fields, is_open(kind));
    }
    if (is_counted(kind)) {
        return read_counted(fields);
    }
    const bool ramps = kind == ExecutorKind::RampingVus || kind == ExecutorKind::RampingArrivalRate;
    return ramps ? read_ramping(fields, is_open(kind)) : read_constant(fields, is_open(kind));
}

}  // namespace plimsoll
