// Who the users are.
#include "scenario/parts.hpp"

#include <array>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 3> kUserKeys{"weight", "think", "flow"};
constexpr std::uint64_t kHeaviest = 1'000'000;

UserClass read_user(const Item::Named& entry, const StepDefaults& defaults, Scenario& scenario,
                    std::vector<Secret>& secrets) {
    UserClass user;
    user.name = entry.name;
    const Item& item = entry.item;
    if (entry.name.empty() || entry.name.find_first_of("\n\r\t") != std::string::npos) {
        item.fault("must be named by text on one line");
    }
    if (!item.require_map("a map with a flow", "e.g. reader: {flow: [{get: /health}]}")) {
        return user;
    }
    const Fields fields(item, {kUserKeys});
    if (const auto weight = fields.get("weight")) {
        user.weight = static_cast<std::uint32_t>(
            weight->whole(1, kHeaviest, "leave a user class out to switch it off").value_or(1));
    }
    if (const auto think = fields.get("think")) {
        user.think = read_think(*think).value_or(Think{});
    }
    if (const auto flow = fields.require("flow", "flow: [{get: /health}]")) {
        for (const Item& step : flow->list("steps", "e.g. flow: [{get: /health}]")) {
            user.steps.push_back(read_step(step, user.name, defaults, scenario.endpoints, secrets));
        }
    }
    return user;
}

}  // namespace

void read_users(const Item& item, const StepDefaults& defaults, Scenario& scenario,
                std::vector<Secret>& secrets) {
    constexpr const char* kExample = "e.g. users: {reader: {flow: [{get: /health}]}}";
    if (!item.require_map("a map of user classes", kExample)) {
        return;
    }
    const auto entries = item.named();
    if (entries.empty()) {
        item.fault("must be a map of user classes, got an empty one", kExample);
    }
    for (const Item::Named& entry : entries) {
        scenario.users.push_back(read_user(entry, defaults, scenario, secrets));
    }
}

}  // namespace plimsoll
