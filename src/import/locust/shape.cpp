// LoadTestShape with literal stages.
#include "import/locust/file.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::locust {

namespace {

bool subtracts(const Node& node) {
    return (node.kind == Kind::Assign && node.text == "-=") ||
           std::any_of(node.children.begin(), node.children.end(),
                       [](const NodePtr& child) { return child && subtracts(*child); });
}

}  // namespace

bool File::add_shape(const Value& made) {
    const Value object = object_of(made);
    const Value* const stages = object.member("stages");
    const auto leave = [&] {
        plan().note(made.function->line, "left out: a load shape that is not a list of stages");
        return false;
    };
    if (stages == nullptr || !stages->is(Type::List) || stages->list->empty()) {
        return leave();
    }
    // Durations count from the start, as in Locust's own example, unless tick() subtracts them.
    const bool each_own = subtracts(*made.function);
    Yaml all = Yaml::list();
    double before_s = 0;
    double users = 0;
    for (const Value& stage : *stages->list) {
        const auto number = [&](std::string_view key) {
            const Value* const value = stage.member(key);
            return value != nullptr ? value->as_number() : std::nullopt;
        };
        const auto duration = number("duration");
        const auto target = number("users");
        const double rate = number("spawn_rate").value_or(1);
        const double length = duration ? *duration - (each_own ? 0 : before_s) : 0;
        if (!duration || !target || length <= 0 || *target < 0 || !(rate > 0)) {
            return leave();
        }
        const double ramp = std::min(length, std::fabs(*target - users) / rate);
        if (ramp > 0) {
            const auto time = seconds(Value::of(ramp));
            all.add(Yaml::map({{"duration", time.value_or(Yaml::plain("1s"))},
                               {"target", Yaml::plain(script::number_text(std::round(*target)))}},
                              true));
        }
        if (length > ramp) {
            const auto time = seconds(Value::of(length - ramp));
            all.add(Yaml::map({{"duration", time.value_or(Yaml::plain("1s"))},
                               {"target", Yaml::plain(script::number_text(std::round(*target)))}},
                              true));
        }
        users = *target;
        before_s = *duration;
    }
    script::PlanExecutor executor;
    executor.keys = {{"executor", Yaml::plain("ramping-vus")},
                     {"start_vus", Yaml::plain("0")},
                     {"stages", std::move(all)}};
    plan().load.push_back(std::move(executor));
    return true;
}

}  // namespace plimsoll::import::locust
