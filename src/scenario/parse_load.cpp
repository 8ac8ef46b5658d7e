// How much load, by executors with k6's names.
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kMostIterations = 1'000'000'000'000;
// The keys of one executor: what names it, those that all have, and its own.
template <std::size_t N>
constexpr auto with_common(const std::array<std::string_view, N>& own,
                           std::string_view kind_key = "executor") {
    const std::array<std::string_view, 5> kCommon{kind_key, "name", "start_time", "users",
                                                  "graceful_stop"};
    std::array<std::string_view, 5 + N> all{};
    std::copy(own.begin(), own.end(), std::copy(kCommon.begin(), kCommon.end(), all.begin()));
    return all;
}

using Word = std::string_view;
constexpr auto kConstantVusKeys = with_common(std::array{Word("vus"), Word("duration")});
constexpr auto kRampingVusKeys =
    with_common(std::array{Word("start_vus"), Word("stages"), Word("graceful_ramp_down")});
constexpr auto kConstantRateKeys =
    with_common(std::array{Word("arrivals"), Word("rate"), Word("duration"), Word("max_vus")});
constexpr auto kRampingRateKeys =
    with_common(std::array{Word("arrivals"), Word("start_rate"), Word("stages"), Word("max_vus")});
constexpr auto kIterationsKeys =
    with_common(std::array{Word("vus"), Word("iterations"), Word("max_duration")});
constexpr auto kSteeredKeys = with_common(
    std::array{Word("vus"), Word("rate"), Word("arrivals"), Word("duration"), Word("max_vus")});
constexpr std::array<std::string_view, 1> kLaterKeys{"tags"};

constexpr auto kRateProfileKeys = with_common(
    std::array{Word("rate"), Word("duration"), Word("max_vus"), Word("arrivals")}, "profile");
constexpr auto kVusProfileKeys =
    with_common(std::array{Word("vus"), Word("duration"), Word("graceful_ramp_down")}, "profile");

std::span<const std::string_view> keys_of(ExecutorKind kind) {
    switch (kind) {
        case ExecutorKind::ConstantVus:
            return kConstantVusKeys;
        case ExecutorKind::RampingVus:
            return kRampingVusKeys;
        case ExecutorKind::ConstantArrivalRate:
            return kConstantRateKeys;
        case ExecutorKind::RampingArrivalRate:
            return kRampingRateKeys;
        case ExecutorKind::ExternallyControlled:
        case ExecutorKind::ExternallyControlledRate:
            return kSteeredKeys;
        case ExecutorKind::PerVuIterations:
        case ExecutorKind::SharedIterations:
            break;
    }
    return kIterationsKeys;
}

// Names another executor's key as such, instead of as unknown.
std::string advice_for(const Item& item, ExecutorKind kind) {
    for (const Item::Named& entry : item.named()) {
        for (std::size_t other = 0; other < kExecutorKindNames.size(); ++other) {
            const auto keys = keys_of(static_cast<ExecutorKind>(other));
            const bool known = std::find(keys.begin(), keys.end(), entry.name) != keys.end();
            const auto mine = keys_of(kind);
            if (known && std::find(mine.begin(), mine.end(), entry.name) == mine.end()) {
                return fmt::format("{} has {}", to_string(kind), fmt::join(mine, ", "));
            }
        }
    }
    return {};
}

std::optional<ExecutorKind> read_kind(const Item& item) {
    const auto written = item.text("an executor's name");
    if (!written) {
        return std::nullopt;
    }
    const auto index = item.choice(kExecutorKindNames);
    return index ? std::optional(static_cast<ExecutorKind>(*index)) : std::nullopt;
}

double mean_think_s(const Think& think) {
    switch (think.kind) {
        case Think::Kind::None:
            return 0;
        case Think::Kind::Uniform:
            return (to_seconds(think.a) + to_seconds(think.b)) / 2;
        case Think::Kind::Constant:
        case Think::Kind::Normal:
        case Think::Kind::Exponential:
            break;
    }
    return to_seconds(think.a);
}

// How long an iteration takes when every response takes a second, over the executor's classes.
double iteration_estimate_s(const std::vector<UserClass>& users,
                            const std::vector<std::uint32_t>& subset) {
    double weighted = 0;
    double weights = 0;
    for (std::uint32_t index = 0; index < users.size(); ++index) {
        if (!subset.empty() && std::find(subset.begin(), subset.end(), index) == subset.end()) {
            continue;
        }
        const UserClass& user = users[index];
        double length = 0;
        for (const Step& step : user.steps) {
            length += 1 + mean_think_s(step.think.value_or(user.think));
        }
        weighted += user.weight * length;
        weights += user.weight;
    }
    return weighted > 0 ? weighted / weights : 1;
}

// `value` up to two digits and zeros: 1,234 as 1,300.
double round_up(double value) {
    const double magnitude = std::pow(10, std::max(0.0, std::floor(std::log10(value)) - 1));
    return std::ceil(value / magnitude - 1e-9) * magnitude;
}

void suggest_max_vus(const Item& item, const Executor& executor,
                     const std::vector<UserClass>& users) {
    const double rate = executor.ramp.highest();
    if (!(rate > 0)) {
        item.fault("max_vus is missing", "how many users may be busy at once, e.g. max_vus: 500");
        return;
    }
    const double length = iteration_estimate_s(users, executor.users);
    const double busy = std::max(1.0, std::ceil(rate * length - 1e-9));
    const double suggested = std::min(round_up(2 * busy), static_cast<double>(kMostUsers));
    item.fault(
        "max_vus is missing: how many users may be busy at once",
        fmt::format("e.g. max_vus: {:.0f}; {} of {:.3g} s (a second a request, and thinking) "
                    "keep {:.0f} busy, twice that leaves room",
                    suggested, format_rate(Rate::per_second(rate)), length, busy));
}

// `executor`'s ramp and classes serve to suggest one.
std::uint32_t read_max_vus(const Fields& fields, const Executor& executor,
                           const std::vector<UserClass>& users) {
    const auto item = fields.get("max_vus");
    if (!item) {
        suggest_max_vus(fields.map(), executor, users);
        return 0;
    }
    return static_cast<std::uint32_t>(item->whole(1, kMostUsers).value_or(0));
}

// The user class that `item` names, unless `taken` holds it already.
std::optional<std::uint32_t> read_class(const Item& item, const std::vector<UserClass>& users,
                                        const std::vector<std::uint32_t>& taken) {
    const auto name = item.text("the name of a user class");
    if (!name) {
        return std::nullopt;
    }
    std::vector<std::string_view> names;
    for (const UserClass& user : users) {
        names.emplace_back(user.name);
    }
    const auto found = std::find(names.begin(), names.end(), *name);
    if (found == names.end()) {
        const auto near = nearest(*name, names);
        item.fault(fmt::format("no user class is named {}", in_quotes(*name)),
                   near.empty() ? fmt::format("there are {}", fmt::join(names, ", "))
                                : fmt::format("did you mean {}?", near));
        return std::nullopt;
    }
    const auto index = static_cast<std::uint32_t>(found - names.begin());
    if (std::find(taken.begin(), taken.end(), index) != taken.end()) {
        item.fault(fmt::format("{} is in the list already", in_quotes(*name)));
        return std::nullopt;
    }
    return index;
}

std::vector<std::uint32_t> read_classes(const Item& item, const std::vector<UserClass>& users) {
    std::vector<std::uint32_t> classes;
    for (const Item& one : item.list("user classes", "e.g. users: [reader]")) {
        if (const auto index = read_class(one, users, classes)) {
            classes.push_back(*index);
        }
    }
    return classes;
}

// Users may be set up to max_vus; k6's default is the users that it begins with.
std::uint32_t read_most_steered(const Fields& fields, const Executor& executor) {
    const auto begins_with = static_cast<std::uint32_t>(executor.ramp.highest());
    const auto item = fields.get("max_vus");
    if (!item) {
        if (begins_with == 0 && executor.ramp.duration() > Nanoseconds{}) {
            fields.map().fault("max_vus is missing: how many users it may be set to",
                               "e.g. max_vus: 100");
        }
        return begins_with;
    }
    const auto most = static_cast<std::uint32_t>(item->whole(1, kMostUsers).value_or(0));
    if (most != 0 && most < begins_with) {
        item->fault(fmt::format("must not be fewer than vus: {} for {} users", most, begins_with));
    }
    return most;
}

// `executor`'s ramp says how many users share them.
std::uint64_t read_iterations(const Fields& fields, const Executor& executor) {
    const auto item = fields.get("iterations");
    const std::uint64_t iterations =
        item ? item->whole(1, kMostIterations, "it counts iterations, e.g. 100").value_or(0) : 1;
    const auto users = static_cast<std::uint64_t>(executor.ramp.highest());
    if (executor.kind == ExecutorKind::SharedIterations && iterations != 0 && iterations < users) {
        (item ? *item : fields.map())
            .fault(fmt::format("{}must not be fewer than the users: {} for {} users",
                               item ? "" : "iterations ", iterations, users),
                   "users share these iterations; per-vu-iterations gives each its own");
    }
    return iterations;
}

// What every executor has.
void read_common(const Fields& fields, const std::vector<UserClass>& users, Executor& executor) {
    if (const auto name = fields.get("name")) {
        executor.name = name->text("a name").value_or("");
        if (executor.name.empty() && name->is_scalar() && name->node().text.empty()) {
            name->fault("must not be empty");
        }
    }
    if (const auto start = fields.get("start_time")) {
        executor.start_time = start->duration().value_or(executor.start_time);
    }
    if (const auto classes = fields.get("users")) {
        executor.users = read_classes(*classes, users);
    }
    if (const auto stop = fields.get("graceful_stop")) {
        executor.graceful_stop = stop->duration().value_or(executor.graceful_stop);
    }
}

// What `fields` say of the load of an executor of `executor.kind`.
void read_shape(const Fields& fields, const std::vector<UserClass>& users, Executor& executor) {
    constexpr std::array<std::string_view, 2> kArrivals{"uniform", "poisson"};
    const ExecutorKind kind = executor.kind;
    if (const auto down = fields.get("graceful_ramp_down");
        down && kind == ExecutorKind::RampingVus) {
        executor.graceful_ramp_down = down->duration().value_or(executor.graceful_ramp_down);
    }
    if (const auto arrivals = fields.get("arrivals"); arrivals && is_open(kind)) {
        executor.arrivals = static_cast<ArrivalProcess>(arrivals->choice(kArrivals).value_or(0));
    }
    const auto ramp =
        fields.has("profile") ? read_profile(fields, executor) : read_ramp(fields, kind);
    if (ramp) {
        executor.ramp = *ramp;
    }
    if (is_counted(kind)) {
        executor.iterations = read_iterations(fields, executor);
    }
    executor.max_vus = is_open(kind)      ? read_max_vus(fields, executor, users)
                       : is_steered(kind) ? read_most_steered(fields, executor)
                                          : static_cast<std::uint32_t>(executor.ramp.highest());
}

Executor read_preset(const Item& item, const std::vector<UserClass>& users) {
    Executor executor;
    const auto kind = profile_kind(item);
    if (!kind) {
        return executor;  // which keys are right depends on it
    }
    executor.kind = *kind;
    const std::span<const std::string_view> keys =
        is_open(*kind) ? std::span<const std::string_view>(kRateProfileKeys) : kVusProfileKeys;
    const std::string advice = fmt::format(
        "a profile with {} has {}", is_open(*kind) ? "a rate" : "vus", fmt::join(keys, ", "));
    const Fields fields(item, {keys, kLaterKeys, advice});
    read_shape(fields, users, executor);
    executor.name = executor.profile;
    read_common(fields, users, executor);
    return executor;
}

Executor read_executor(const Item& item, const std::vector<UserClass>& users) {
    Executor executor;
    if (!item.require_map("a map with an executor",
                          "e.g. {executor: constant-vus, vus: 50, duration: 30s}")) {
        return executor;
    }
    const auto written = item.named();
    const auto entry_of = [&](std::string_view key) {
        return std::find_if(written.begin(), written.end(),
                            [&](const Item::Named& entry) { return entry.name == key; });
    };
    const auto kind_entry = entry_of("executor");
    const auto profile_entry = entry_of("profile");
    if (kind_entry == written.end()) {
        if (profile_entry != written.end()) {
            return read_preset(item, users);
        }
        item.fault("executor is missing",
                   fmt::format("one of {}", fmt::join(kExecutorKindNames, ", ")));
        return executor;
    }
    if (profile_entry != written.end()) {
        profile_entry->item.at_key().fault("stands in place of executor; leave one of them out");
        return executor;
    }
    const auto kind = read_kind(kind_entry->item);
    if (!kind) {
        return executor;  // which keys are right depends on it
    }
    executor.kind = is_steered(*kind) && entry_of("rate") != written.end()
                        ? ExecutorKind::ExternallyControlledRate
                        : *kind;
    executor.name = to_string(*kind);
    const std::string advice = advice_for(item, *kind);
    const Fields fields(item, {keys_of(*kind), kLaterKeys, advice});
    read_common(fields, users, executor);
    read_shape(fields, users, executor);
    return executor;
}

bool taken(const std::vector<Executor>& executors, const std::string& name) {
    return std::any_of(executors.begin(), executors.end(),
                       [&](const Executor& executor) { return executor.name == name; });
}

}  // namespace

std::vector<Executor> read_load(const Item& item, const std::vector<UserClass>& users) {
    std::vector<Executor> executors;
    const std::string hint = "e.g. load: [{executor: constant-vus, vus: 50, duration: 30s}]";
    for (const Item& one :
         item.list("executors", item.is_map() ? "put a dash before each executor" : hint)) {
        Executor executor = read_executor(one, users);
        const auto written = one.named();
        const bool named =
            std::any_of(written.begin(), written.end(),
                        [](const Item::Named& entry) { return entry.name == "name"; });
        if (!executor.name.empty() && taken(executors, executor.name)) {
            if (named) {
                one.fault(fmt::format("name {} is taken by another executor; give it another",
                                      in_quotes(executor.name)));
            }
            const std::string base = executor.name;
            for (int number = 2; taken(executors, executor.name); ++number) {
                executor.name = fmt::format("{}-{}", base, number);
            }
        }
        executors.push_back(std::move(executor));
    }
    return executors;
}

}  // namespace plimsoll
