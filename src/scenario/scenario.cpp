#include "scenario/scenario.hpp"

#include "base/units.hpp"
#include "load/load_share.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

namespace plimsoll {
namespace {

LoadShare share_of(const Executor& executor, Segment segment) {
    return LoadShare().part(segment.number - 1, segment.count, executor.max_vus);
}

ExecutorInfo describe(const Executor& executor, Segment segment) {
    const auto level = [&](double whole) { return segment_level(executor, segment, whole); };
    ExecutorInfo info;
    info.name = executor.name;
    info.kind = executor.kind;
    info.open = is_open(executor.kind);
    info.start_value = level(executor.ramp.start());
    info.max_users =
        static_cast<std::uint32_t>(share_of(executor, segment).count_below(executor.max_vus));
    Nanoseconds from = executor.start_time;
    for (const Ramp::Stage& stage : executor.ramp.stages()) {
        info.stages.push_back({from, from + stage.duration, level(stage.target)});
        from += stage.duration;
    }
    return info;
}

void reduce(std::vector<std::uint64_t>& weights) {
    std::uint64_t divisor = 0;
    for (const std::uint64_t weight : weights) {
        divisor = std::gcd(divisor, weight);
    }
    for (std::uint64_t& weight : weights) {
        weight /= divisor;
    }
}

// The weights in lowest terms, scaled down where their sum would make too long a cycle.
std::vector<std::uint64_t> cycle_weights(const std::vector<UserClass>& users,
                                         const std::vector<std::uint32_t>& subset) {
    constexpr std::uint64_t kLongestCycle = 1'000'000;
    std::vector<std::uint64_t> weights;
    for (const std::uint32_t index : subset) {
        weights.push_back(std::max<std::uint64_t>(1, users[index].weight));
    }
    reduce(weights);
    const std::uint64_t sum = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
    if (sum > kLongestCycle) {
        for (std::uint64_t& weight : weights) {
            weight = std::max<std::uint64_t>(1, weight * kLongestCycle / sum);
        }
        reduce(weights);
    }
    return weights;
}

// A class's share so far, in units of one pick over the sum of the weights.
struct Share {
    std::int64_t weight;
    std::int64_t owed = 0;  // weight · picks − sum · own picks
};

// Tijdeman's choice: of the classes owed at least 1/(2k−2) of a pick, the one that would first be
// owed 1 − 1/(2k−2).
std::size_t choose(const std::vector<Share>& shares, std::int64_t sum) {
    const auto scale = 2 * static_cast<std::int64_t>(shares.size()) - 2;
    std::size_t chosen = shares.size();
    std::int64_t chosen_slack = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        if (shares[i].owed * scale < sum) {
            continue;
        }
        const std::int64_t slack = (scale - 1) * sum - scale * shares[i].owed;
        // The least slack / weight, compared without division. One class is always owed enough: the
        // owed sum up to one pick.
        if (chosen == shares.size() ||
            slack * shares[chosen].weight < chosen_slack * shares[i].weight) {
            chosen = i;
            chosen_slack = slack;
        }
    }
    return chosen;
}

}  // namespace

double segment_level(const Executor& executor, Segment segment, double whole) {
    const LoadShare share = share_of(executor, segment);
    if (share.empty()) {
        return 0;
    }
    return is_open(executor.kind)
               ? whole / static_cast<double>(share.stride())
               : static_cast<double>(share.count_below(static_cast<std::uint64_t>(whole)));
}

Nanoseconds Think::draw(Random& random) const noexcept {
    const auto at_least_none = [](double ns) {
        constexpr double kLongest_ns = 9e18;
        return Nanoseconds(static_cast<std::int64_t>(std::clamp(ns, 0.0, kLongest_ns)));
    };
    const auto first_ns = static_cast<double>(a.count());
    const auto second_ns = static_cast<double>(b.count());
    switch (kind) {
        case Kind::None:
            return {};
        case Kind::Constant:
            return a;
        case Kind::Uniform:
            return at_least_none(first_ns + (second_ns - first_ns) * random.uniform());
        case Kind::Normal: {
            // Box and Muller 1958: two uniforms give a standard normal.
            const double radius = std::sqrt(-2 * std::log1p(-random.uniform()));
            const double angle = 2 * std::numbers::pi * random.uniform();
            return at_least_none(first_ns + second_ns * radius * std::cos(angle));
        }
        case Kind::Exponential:
            return at_least_none(-first_ns * std::log1p(-random.uniform()));
    }
    return {};
}

bool Expect::accepts(std::uint16_t status) const noexcept {
    if (statuses.empty()) {
        return status >= 200 && status <= 399;
    }
    return std::any_of(statuses.begin(), statuses.end(), [&](const StatusRange& range) {
        return status >= range.low && status <= range.high;
    });
}

Nanoseconds Scenario::duration() const noexcept {
    Nanoseconds longest{};
    for (const Executor& executor : load) {
        longest = std::max(longest, executor.start_time + executor.ramp.duration());
    }
    return longest;
}

std::string stages_text(const Executor& executor) {
    const auto level_text = [&](double level) {
        return is_open(executor.kind) ? format_rate(Rate::per_second(level))
                                      : fmt::format("{:.0f} user{}", level, level == 1 ? "" : "s");
    };
    double level = executor.ramp.start();
    std::string text = "from " + level_text(level);
    for (const Ramp::Stage& stage : executor.ramp.stages()) {
        const char* const how = stage.target == level ? "at" : "to";
        text += stage.duration == Nanoseconds{}
                    ? fmt::format(", at once to {}", level_text(stage.target))
                    : fmt::format(", {} {} {}", format_duration(stage.duration), how,
                                  level_text(stage.target));
        level = stage.target;
    }
    return text;
}

RunInfo describe(const Scenario& scenario, Segment segment) {
    RunInfo info;
    info.segment = segment;
    info.scenario_name = scenario.name;
    info.scenario_text = scenario.text;
    TargetUrl origin = scenario.target;
    origin.base_path.clear();
    info.target = origin.to_string();
    info.planned_duration = scenario.duration();
    info.endpoints = scenario.endpoints;
    for (const Executor& executor : scenario.load) {
        info.executors.push_back(describe(executor, segment));
    }
    for (const UserClass& user : scenario.users) {
        info.user_classes.push_back(user.name);
        for (const Step& step : user.steps) {
            info.request_timeout = std::max(info.request_timeout, step.timeout);
        }
    }
    info.tags = scenario.tags;
    info.checks = scenario.checks;
    info.groups = scenario.groups;
    info.thresholds = scenario.thresholds;
    return info;
}

ClassPicker::ClassPicker(const std::vector<UserClass>& users,
                         const std::vector<std::uint32_t>& subset) {
    std::vector<std::uint32_t> classes = subset;
    if (classes.empty()) {
        classes.resize(users.size());
        std::iota(classes.begin(), classes.end(), 0U);
    }
    const auto weights = cycle_weights(users, classes);
    const auto sum = static_cast<std::int64_t>(
        std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}));
    std::vector<Share> shares;
    for (const std::uint64_t weight : weights) {
        shares.push_back({static_cast<std::int64_t>(weight)});
    }
    cycle_.reserve(static_cast<std::size_t>(sum));
    for (std::int64_t pick = 0; pick < sum; ++pick) {
        for (Share& share : shares) {
            share.owed += share.weight;
        }
        const std::size_t chosen = shares.size() == 1 ? 0 : choose(shares, sum);
        shares[chosen].owed -= sum;
        cycle_.push_back(classes[chosen]);
    }
}

bool Step::keeps_body() const noexcept {
    const auto check = [](const Check& c) { return c.needs_body(); };
    return std::any_of(captures.begin(), captures.end(),
                       [](const Capture& c) { return c.selector.needs_body(); }) ||
           std::any_of(expect.checks.begin(), expect.checks.end(), check) ||
           (until && std::any_of(until->conditions.begin(), until->conditions.end(), check));
}

bool Step::keeps_headers() const noexcept {
    const auto check = [](const Check& c) { return c.needs_headers(); };
    return std::any_of(captures.begin(), captures.end(),
                       [](const Capture& c) { return c.selector.needs_headers(); }) ||
           std::any_of(expect.checks.begin(), expect.checks.end(), check) ||
           (until && std::any_of(until->conditions.begin(), until->conditions.end(), check));
}

bool Selector::needs_body() const noexcept {
    return kind_ == Kind::JsonPointer || kind_ == Kind::JsonPath || kind_ == Kind::Regex ||
           kind_ == Kind::Body;
}

bool Selector::needs_headers() const noexcept {
    return kind_ == Kind::Header || kind_ == Kind::Cookie;
}

bool Check::needs_body() const noexcept {
    return op != Op::Time && op != Op::Size && selector.needs_body();
}

bool Check::needs_headers() const noexcept {
    return op != Op::Time && op != Op::Size && selector.needs_headers();
}

}  // namespace plimsoll
