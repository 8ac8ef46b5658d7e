// Flows: requests and what steers them, compiled to instructions.
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kMostRounds = 1'000'000'000;
constexpr int kDeepest = 20;
// The keys by which a step that is no request is known.
constexpr std::array<std::string_view, 8> kHeads{"group",    "repeat",   "if",  "random",
                                                 "weighted", "parallel", "set", "think"};
constexpr const char* kStepExample = "e.g. [{get: /health}]";

bool has_key(const Item& item, std::string_view key) {
    const auto& entries = item.node().entries;
    return std::any_of(entries.begin(), entries.end(),
                       [&](const YamlNode::Entry& entry) { return entry.key == key; });
}

bool is_request(const Item& item) {
    const auto methods = request_methods();
    return std::any_of(methods.begin(), methods.end(),
                       [&](std::string_view method) { return has_key(item, method); });
}

/// Writes one flow's program.
class FlowWriter {
public:
    FlowWriter(UserClass& user, Flow& flow, FlowReading& reading)
        : user_(user), flow_(flow), reading_(reading) {}

    void write(const Item& list) {
        steps(list);
        emit(Op::Kind::End);
    }

private:
    std::uint32_t emit(Op::Kind kind, std::size_t a = 0, std::size_t b = 0) {
        flow_.ops.push_back(
            {kind, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), 0});
        return static_cast<std::uint32_t>(flow_.ops.size() - 1);
    }
    [[nodiscard]] std::uint32_t here() const {
        return static_cast<std::uint32_t>(flow_.ops.size());
    }
    void land(std::uint32_t jump) { flow_.ops[jump].target = here(); }

    void steps(const Item& list) {
        for (const Item& one : list.list("steps", kStepExample)) {
            step(one);
        }
    }

    void step(const Item& item) {
        if (!item.is_map() || is_request(item)) {
            request(item);
            return;
        }
        if (++depth_ > kDeepest) {
            item.fault(fmt::format("is nested more than {} deep", kDeepest));
        } else {
            construct(item);
        }
        --depth_;
    }

    void construct(const Item& item) {
        if (has_key(item, "group")) {
            group(item);
        } else if (has_key(item, "repeat")) {
            repeat(item);
        } else if (has_key(item, "if")) {
            branch(item);
        } else if (has_key(item, "random")) {
            choose(item, "random");
        } else if (has_key(item, "weighted")) {
            choose(item, "weighted");
        } else if (has_key(item, "parallel")) {
            parallel(item);
        } else if (has_key(item, "set")) {
            set(item);
        } else if (has_key(item, "think") && item.node().entries.size() == 1) {
            think(item);
        } else {
            nothing_known(item);
        }
    }

    // A misspelt key of either kind is best explained by all of them.
    void nothing_known(const Item& item) {
        std::vector<std::string_view> keys(request_methods().begin(), request_methods().end());
        keys.insert(keys.end(), kHeads.begin(), kHeads.end());
        const auto meant_by = [&](const std::string& name) -> std::string_view {
            const auto meant = nearest(name, keys);
            const bool head = std::find(kHeads.begin(), kHeads.end(), meant) != kHeads.end();
            return head && meant != name ? meant : std::string_view{};
        };
        const auto entries = item.named();
        const bool near = std::any_of(entries.begin(), entries.end(), [&](const Item::Named& e) {
            return !meant_by(e.name).empty();
        });
        if (!near) {
            request(item);
            return;
        }
        for (const Item::Named& entry : entries) {
            if (const auto meant = meant_by(entry.name); !meant.empty()) {
                entry.item.at_key().fault("unknown key", fmt::format("did you mean {}?", meant));
            }
        }
    }

    void request(const Item& item) {
        user_.steps.push_back(read_step(item, user_.name, reading_));
        emit(Op::Kind::Request, user_.steps.size() - 1);
    }

    void group(const Item& item) {
        constexpr std::array<std::string_view, 2> kKeys{"group", "steps"};
        const Fields fields(item, {kKeys});
        const auto name_item = fields.get("group");
        const auto name = name_item->text("a group's name");
        if (name && (name->empty() || name->size() > 200 ||
                     name->find_first_of("\n\r\t") != std::string::npos)) {
            name_item->fault("must be 1 to 200 characters on one line");
        }
        auto& groups = reading_.scenario.groups;
        const auto found = std::find(groups.begin(), groups.end(), name.value_or(""));
        const auto id = static_cast<std::size_t>(found - groups.begin());
        if (found == groups.end()) {
            groups.push_back(name.value_or(""));
        }
        emit(Op::Kind::GroupBegin, id);
        if (const auto inner = fields.require("steps", "steps: [{get: /health}]")) {
            steps(*inner);
        }
        emit(Op::Kind::GroupEnd, id);
    }

    void repeat(const Item& item) {
        constexpr std::array<std::string_view, 2> kKeys{"repeat", "steps"};
        const Fields fields(item, {kKeys});
        const auto rounds_item = fields.get("repeat");
        auto rounds = rounds_item->text_template("a number of rounds");
        if (rounds && rounds->is_constant()) {
            static_cast<void>(rounds_item->whole(0, kMostRounds, "e.g. repeat: 3"));
        }
        flow_.templates.push_back(rounds.value_or(Template{}));
        const std::uint32_t counter = loops_++;
        flow_.counters = std::max(flow_.counters, loops_);
        const std::uint32_t begin = emit(Op::Kind::LoopBegin, counter, flow_.templates.size() - 1);
        const std::uint32_t body = here();
        if (const auto inner = fields.require("steps", "steps: [{get: /health}]")) {
            steps(*inner);
        }
        flow_.ops[emit(Op::Kind::LoopEnd, counter)].target = body;
        land(begin);
        --loops_;
    }

    void branch(const Item& item) {
        constexpr std::array<std::string_view, 3> kKeys{"if", "then", "else"};
        const Fields fields(item, {kKeys});
        const auto condition_item = fields.get("if");
        if (!condition_item->is_scalar()) {
            condition_item->wrong_type("a condition", "e.g. if: \"${role} == admin\"");
        } else {
            auto condition =
                Condition::compile(condition_item->node().text, condition_item->context().scope());
            if (!condition) {
                condition_item->fault(condition.error());
            }
            flow_.conditions.push_back(condition ? *std::move(condition) : Condition{});
        }
        const std::uint32_t unless =
            emit(Op::Kind::JumpUnless, flow_.conditions.empty() ? 0 : flow_.conditions.size() - 1);
        if (const auto then = fields.require("then", "then: [{get: /admin}]")) {
            steps(*then);
        }
        const auto otherwise = fields.get("else");
        if (!otherwise) {
            land(unless);
            return;
        }
        const std::uint32_t out = emit(Op::Kind::Jump);
        land(unless);
        steps(*otherwise);
        land(out);
    }

    void choose(const Item& item, std::string_view key) {
        const std::array<std::string_view, 1> keys{key};
        const Fields fields(item, {keys});
        const auto list = fields.get(key)->list(
            "sub-flows", key == "random"
                             ? "e.g. random: [{get: /a}, {steps: [{get: /b}, {get: /c}]}]"
                             : "e.g. weighted: [{weight: 3, steps: [{get: /a}]}, ...]");
        const std::size_t first = flow_.choices.size();
        const bool weighted = key == "weighted";
        for (const Item& one : list) {
            flow_.choices.push_back({weight_of(one, weighted), 0});
        }
        emit(Op::Kind::Choose, first, list.size());
        std::vector<std::uint32_t> exits;
        for (std::size_t i = 0; i < list.size(); ++i) {
            flow_.choices[first + i].target = here();
            if (!weighted || (list[i].is_map() && has_key(list[i], "weight"))) {
                alternative(list[i]);
            }
            exits.push_back(emit(Op::Kind::Jump));
        }
        for (const std::uint32_t exit : exits) {
            land(exit);
        }
    }

    static bool is_wrapped(const Item& item) {
        return item.is_map() && !is_request(item) && has_key(item, "steps") &&
               !has_key(item, "group") && !has_key(item, "repeat");
    }

    static std::uint32_t weight_of(const Item& item, bool required) {
        constexpr std::uint64_t kHeaviest = 1'000'000;
        if (!item.is_map() || !has_key(item, "weight")) {
            if (required) {
                item.fault("weight is missing", "e.g. {weight: 3, steps: [{get: /a}]}");
            }
            return 1;
        }
        for (const Item::Named& entry : item.named()) {
            if (entry.name == "weight") {
                return static_cast<std::uint32_t>(
                    entry.item.whole(1, kHeaviest, "leave a sub-flow out to switch it off")
                        .value_or(1));
            }
        }
        return 1;
    }

    // A step, a list of steps, or {steps, weight}.
    void alternative(const Item& item) {
        constexpr std::array<std::string_view, 2> kKeys{"weight", "steps"};
        if (item.is_list()) {
            steps(item);
        } else if (is_wrapped(item) || has_key(item, "weight")) {
            const Fields fields(item, {kKeys});
            if (const auto inner = fields.require("steps", "steps: [{get: /a}]")) {
                steps(*inner);
            }
        } else {
            step(item);
        }
    }

    void parallel(const Item& item) {
        constexpr std::array<std::string_view, 2> kKeys{"parallel", "connections"};
        constexpr std::uint64_t kMostConnections = 256;
        const Fields fields(item, {kKeys});
        const std::size_t first = user_.steps.size();
        for (const Item& one :
             fields.get("parallel")->list("requests", "e.g. parallel: [{get: /a}, {get: /b}]")) {
            if (one.is_map() && !is_request(one)) {
                one.fault("must be a request; nothing else runs in parallel");
                continue;
            }
            user_.steps.push_back(read_step(one, user_.name, reading_));
            if (user_.steps.back().think) {
                one.fault("think has no place within parallel",
                          "put {think: 1s} behind the parallel step");
            }
        }
        const auto connections = fields.get("connections");
        const std::uint32_t op = emit(Op::Kind::Parallel, first, user_.steps.size() - first);
        flow_.ops[op].target = static_cast<std::uint32_t>(
            connections ? connections->whole(1, kMostConnections).value_or(6) : 6);
        if (user_.think.kind != Think::Kind::None) {
            wait(user_.think);
        }
    }

    void set(const Item& item) {
        constexpr std::array<std::string_view, 1> kKeys{"set"};
        const Fields fields(item, {kKeys});
        const Item values = *fields.get("set");
        if (!values.require_map("a map of variables to values",
                                "e.g. set: {page: \"${page + 1}\"}")) {
            return;
        }
        for (const Item::Named& entry : values.named()) {
            const auto variable = variable_named(entry.item.at_key(), entry.name);
            const auto value = entry.item.text_template("a value");
            if (variable && value) {
                flow_.templates.push_back(*value);
                emit(Op::Kind::Set, *variable, flow_.templates.size() - 1);
            }
        }
    }

    void think(const Item& item) {
        constexpr std::array<std::string_view, 1> kKeys{"think"};
        const Fields fields(item, {kKeys});
        if (const auto time = read_think(*fields.get("think"))) {
            wait(*time);
        }
    }

    void wait(const Think& time) {
        user_.thinks.push_back(time);
        emit(Op::Kind::Think, user_.thinks.size() - 1);
    }

    UserClass& user_;
    Flow& flow_;
    FlowReading& reading_;
    std::uint32_t loops_ = 0;  // that are open
    int depth_ = 0;
};

}  // namespace

void read_flow(const Item& item, UserClass& user, Flow& flow, FlowReading& reading) {
    FlowWriter(user, flow, reading).write(item);
}

}  // namespace plimsoll
