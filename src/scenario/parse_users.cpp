// Who the users are, and what is done once before and after them.
#include "scenario/parts.hpp"

#include <array>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 6> kUserKeys{"weight", "think",      "pacing",
                                                    "flow",   "user_start", "user_stop"};
constexpr std::uint64_t kHeaviest = 1'000'000;

std::optional<Item> top_level(const Item& item, std::string_view key) {
    for (const Item::Named& entry : item.named()) {
        if (entry.name == key) {
            return entry.item;
        }
    }
    return std::nullopt;
}

// From here on expressions see what `parts` and setup set.
void show_variables(ReadContext& context, const std::vector<VariableId>& shared,
                    const std::vector<VariableId>& own) {
    context.visible.assign(context.variables.size(), 0);
    for (const auto* const ids : {&shared, &own}) {
        for (const VariableId id : *ids) {
            context.visible[id] = 1;
        }
    }
}

void read_lists(const Fields& fields, UserClass& user, FlowReading& reading) {
    if (const auto start = fields.get("user_start")) {
        read_flow(*start, user, user.start, reading);
        user.kept = variables_below(*start);
    }
    if (const auto flow = fields.require("flow", "flow: [{get: /health}]")) {
        read_flow(*flow, user, user.flow, reading);
    }
    if (const auto stop = fields.get("user_stop")) {
        read_flow(*stop, user, user.stop, reading);
    }
}

UserClass read_user(const Item::Named& entry, FlowReading& reading) {
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
    user.think = reading.defaults.think;
    if (const auto think = fields.get("think")) {
        user.think = read_think(*think).value_or(Think{});
    }
    if (const auto pacing = fields.get("pacing")) {
        user.pacing = pacing->positive_duration().value_or(Nanoseconds{});
    }
    read_lists(fields, user, reading);
    return user;
}

}  // namespace

void read_users(const Item& item, const Item& root, FlowReading& reading) {
    constexpr const char* kExample = "e.g. users: {reader: {flow: [{get: /health}]}}";
    if (!item.require_map("a map of user classes", kExample)) {
        return;
    }
    const auto entries = item.named();
    if (entries.empty()) {
        item.fault("must be a map of user classes, got an empty one", kExample);
    }
    const auto setup = top_level(root, "setup");
    const auto defaults = top_level(root, "defaults");
    const auto shared = setup ? variables_below(*setup) : std::vector<VariableId>{};
    for (const Item::Named& entry : entries) {
        show_variables(item.context(), shared, variables_below(entry.item));
        if (defaults) {  // with the variables of this class
            reading.defaults = read_defaults(*defaults, reading.secrets);
        }
        reading.scenario.users.push_back(read_user(entry, reading));
    }
}

void read_once(const Item& item, const Item& root, const std::string& name, UserClass& into,
               FlowReading& reading) {
    const auto setup = top_level(root, "setup");
    const auto defaults = top_level(root, "defaults");
    show_variables(item.context(), setup ? variables_below(*setup) : std::vector<VariableId>{},
                   variables_below(item));
    reading.defaults = defaults ? read_defaults(*defaults, reading.secrets) : StepDefaults{};
    reading.defaults.think = Think{};
    into.name = name;
    read_flow(item, into, into.flow, reading);
}

}  // namespace plimsoll
