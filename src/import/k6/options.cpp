// `export const options`: who comes how often.
#include "base/units.hpp"
#include "import/k6/script.hpp"
#include "import/script/step_yaml.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::k6 {
namespace {

Value part(const Value& map, std::string_view key) {
    const Value* const found = map.member(key);
    return found != nullptr ? *found : Value{};
}

std::string quoted_env(const Value& value) {
    return script::written(value.pieces);
}

bool is_env_default(const Value& value) {
    return value.is(Type::Text) && value.pieces.size() == 1 &&
           value.pieces.front().kind == script::Piece::Kind::Environment &&
           value.pieces.front().fallback;
}

// So many in a time, as a rate of ours; "" where it is none.
std::string rate_text(double count, double unit_s) {
    struct Per {
        double seconds;
        std::string_view text;
    };
    for (const Per per : {Per{1, "s"}, Per{60, "m"}, Per{3600, "h"}}) {
        const double rate = count * per.seconds / unit_s;
        if (std::fabs(rate - std::round(rate)) < 1e-9) {
            return fmt::format("{}/{}", script::number_text(std::round(rate)), per.text);
        }
    }
    return fmt::format("{:.6f}/s", count / unit_s);
}

void copy(const Value& from, std::string_view key, const char* ours, script::NamedYaml& keys,
          std::optional<Yaml> (*read)(const Value&)) {
    if (const auto value = read(part(from, key))) {
        keys.emplace_back(ours, *value);
    }
}

// Of users or arrivals; nullopt where a stage is not known.
std::optional<Yaml> stages_of(const Value& stages, double unit_s) {
    Yaml all = Yaml::list();
    if (!stages.is(Type::List) || stages.list->empty()) {
        return std::nullopt;
    }
    for (const Value& stage : *stages.list) {
        const auto duration = duration_of(part(stage, "duration"));
        const Value target = part(stage, "target");
        const auto level = target.as_number();
        if (!duration || !level) {
            return std::nullopt;
        }
        const auto users = whole_of(target);
        all.add(Yaml::map({{"duration", *duration},
                           {"target", unit_s > 0 ? Yaml::plain(rate_text(*level, unit_s))
                                                 : users.value_or(Yaml::plain("0"))}},
                          true));
    }
    return all;
}

double unit_of(const Value& scenario) {
    const auto text = duration_of(part(scenario, "timeUnit"));
    const auto time =
        text ? parse_duration(text->text) : Result<Nanoseconds>(std::chrono::seconds(1));
    return time && *time > Nanoseconds{} ? std::chrono::duration<double>(*time).count() : 1;
}

}  // namespace

std::optional<Yaml> duration_of(const Value& value) {
    if (value.is(Type::Number)) {
        return value.number >= 0
                   ? std::optional(Yaml::plain(script::number_text(value.number) + "ms"))
                   : std::nullopt;
    }
    const auto text = value.plain();
    if (!text) {
        return std::nullopt;
    }
    if (parse_duration(*text)) {
        return is_env_default(value) ? Yaml::quoted(quoted_env(value)) : Yaml::plain(*text);
    }
    const auto number = value.as_number();
    return number && *number >= 0 ? std::optional(Yaml::plain(script::number_text(*number) + "ms"))
                                  : std::nullopt;
}

std::optional<Yaml> whole_of(const Value& value) {
    const auto number = value.as_number();
    if (!number || *number < 0 || std::floor(*number) != *number) {
        return std::nullopt;
    }
    return is_env_default(value) ? Yaml::quoted(quoted_env(value))
                                 : Yaml::plain(script::number_text(*number));
}

std::string Script::role_of(Role role) {
    const auto found =
        std::find_if(roles_.begin(), roles_.end(), [&](const Role& one) { return one.same(role); });
    if (found != roles_.end()) {
        return found->user;
    }
    const std::string base = role.function == "default" ? "visitor" : role.function;
    role.user = base;
    for (int number = 2; std::any_of(roles_.begin(), roles_.end(),
                                     [&](const Role& one) { return one.user == role.user; });
         ++number) {
        role.user = fmt::format("{}_{}", base, number);
    }
    roles_.push_back(std::move(role));
    return roles_.back().user;
}

void Script::read_scenario(const std::string& name, const Value& scenario) {
    Role role;
    role.function = part(scenario, "exec").literal().value_or("default");
    if (const Value env = part(scenario, "env"); env.is(Type::Map)) {
        for (const auto& [key, value] : *env.map) {
            role.environment[key] = value.plain().value_or("");
        }
    }
    if (const Value tags = part(scenario, "tags"); tags.is(Type::Map)) {
        for (const auto& [key, value] : *tags.map) {
            role.tags.emplace_back(key, as_literal(value.plain().value_or("")));
        }
    }
    const std::string kind = part(scenario, "executor").literal().value_or("");
    script::PlanExecutor executor;
    auto& keys = executor.keys;
    keys.emplace_back("executor", Yaml::text_of(kind));
    if (!name.empty()) {
        keys.emplace_back("name", Yaml::text_of(name));
    }
    const bool open = kind.ends_with("arrival-rate");
    const double unit = open ? unit_of(scenario) : 0;
    const bool ramps = kind.starts_with("ramping");
    copy(scenario, "vus", "vus", keys, whole_of);
    copy(scenario, "startVUs", "start_vus", keys, whole_of);
    copy(scenario, "iterations", "iterations", keys, whole_of);
    const char* const rate_key = ramps ? "startRate" : "rate";
    if (const auto rate = part(scenario, rate_key).as_number(); rate && open) {
        keys.emplace_back(ramps ? "start_rate" : "rate", Yaml::plain(rate_text(*rate, unit)));
    }
    copy(scenario, "duration", "duration", keys, duration_of);
    copy(scenario, "maxDuration", "max_duration", keys, duration_of);
    if (ramps) {
        if (const auto stages = stages_of(part(scenario, "stages"), unit)) {
            keys.emplace_back("stages", *stages);
        }
    }
    const bool most = part(scenario, "maxVUs").as_number().has_value();
    copy(scenario,
         most   ? "maxVUs"
         : open ? "preAllocatedVUs"
                : "maxVUs",
         "max_vus", keys, whole_of);
    copy(scenario, "startTime", "start_time", keys, duration_of);
    copy(scenario, "gracefulStop", "graceful_stop", keys, duration_of);
    copy(scenario, "gracefulRampDown", "graceful_ramp_down", keys, duration_of);
    executor.users = {role_of(std::move(role))};
    plan().load.push_back(std::move(executor));
}

void Script::read_load(const Value& options) {
    const Value scenarios = part(options, "scenarios");
    if (scenarios.is(Type::Map) && !scenarios.map->empty()) {
        for (const auto& [name, scenario] : *scenarios.map) {
            read_scenario(name, scenario);
        }
        return;
    }
    if (!scenarios.is(Type::Undefined)) {
        plan().note(0, "left out: scenarios that are not known before it runs");
    }
    script::Map one;
    const auto take = [&](std::string_view from, const char* to) {
        if (const Value value = part(options, from); !value.is(Type::Undefined)) {
            one.emplace_back(to, value);
        }
    };
    const bool stages =
        part(options, "stages").is(Type::List) && !part(options, "stages").list->empty();
    const bool iterations = part(options, "iterations").as_number().has_value();
    const bool duration = part(options, "duration").plain().has_value();
    if (iterations) {
        one.emplace_back("executor", Value::text("shared-iterations"));
        take("vus", "vus");
        take("iterations", "iterations");
        take("duration", "maxDuration");
    } else if (stages) {
        one.emplace_back("executor", Value::text("ramping-vus"));
        take("vus", "startVUs");
        take("stages", "stages");
    } else if (duration) {
        one.emplace_back("executor", Value::text("constant-vus"));
        one.emplace_back("vus",
                         part(options, "vus").as_number() ? part(options, "vus") : Value::of(1));
        take("duration", "duration");
    } else {
        plan().note(0, "the script says no load that could be read: one user does it once");
        one.emplace_back("executor", Value::text("per-vu-iterations"));
    }
    read_scenario("", Value::map_of(std::move(one)));
}

void Script::read_settings(const Value& options) {
    struct Setting {
        std::string_view theirs;
        const char* ours;
    };
    for (const Setting one : {Setting{"insecureSkipTLSVerify", "insecure_skip_tls_verify"},
                              Setting{"noConnectionReuse", "no_connection_reuse"}}) {
        if (part(options, one.theirs).flag) {
            plan().http.emplace_back(one.ours, Yaml::plain("true"));
        }
    }
    if (part(options, "noCookiesReset").flag) {
        plan().http.emplace_back("cookies", Yaml::plain("user"));
    }
    if (const auto most = whole_of(part(options, "maxRedirects"))) {
        plan().http.emplace_back("redirects", *most);
    }
    constexpr std::array<std::string_view, 9> kNoted{"rps",
                                                     "hosts",
                                                     "dns",
                                                     "tlsAuth",
                                                     "blacklistIPs",
                                                     "localIPs",
                                                     "blockHostnames",
                                                     "minIterationDuration",
                                                     "userAgent"};
    for (const std::string_view key : kNoted) {
        if (!part(options, key).is(Type::Undefined)) {
            plan().note(0, fmt::format("left out: the option {}", key));
        }
    }
}

void Script::follow() {
    const Value* const found = root_->find("options");
    const Value options = found != nullptr ? *found : Value{};
    read_load(options);
    read_settings(options);
    Value data;
    if (const Value* const first = root_->find("setup");
        first != nullptr && first->is(Type::Function)) {
        const Value function = *first;
        plan().setup = collect([&] { data = call(function, {}, {}, *function.function, root_); });
    }
    std::map<std::string, std::string> users;
    for (const script::PlanExecutor& executor : plan().load) {
        for (const auto& [key, value] : executor.keys) {
            if (key == "name") {
                users[value.text] = executor.users.front();
            }
        }
    }
    for (const Role& role : roles_) {
        add_user(role, data);
    }
    if (const Value* const last = root_->find("teardown");
        last != nullptr && last->is(Type::Function)) {
        const Value function = *last;
        plan().teardown = collect(
            [&] { static_cast<void>(call(function, {data}, {}, *function.function, root_)); });
    }
    read_thresholds(plan(), part(options, "thresholds"), users, 0);
}

void Script::add_user(const Role& role, const Value& data) {
    const Value* const found = root_->find(role.function);
    if (found == nullptr || !found->is(Type::Function)) {
        plan().note(
            0, fmt::format("left out: the function {}, which is not in the script", role.function));
        return;
    }
    const Value function = *found;
    role_ = &role;
    script::PlanUser user;
    user.name = role.user;
    user.start = init_;
    user.flow =
        collect([&] { static_cast<void>(call(function, {data}, {}, *function.function, root_)); });
    role_ = nullptr;
    plan().users.push_back(std::move(user));
}

}  // namespace plimsoll::import::k6
