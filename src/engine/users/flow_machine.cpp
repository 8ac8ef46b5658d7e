#include "engine/users/flow_machine.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
void FlowCursor::restart(const Flow& flow) {
    next = 0;
    rounds.assign(flow.counters, 0);
}

FlowAction FlowMachine::next(const Flow& flow, FlowCursor& cursor, const Environment& environment) {
    using Kind = FlowAction::Kind;
    for (std::uint32_t passed = 0; passed < kMostIdle; ++passed) {
        const Op& op = flow.ops[cursor.next];
        ++cursor.next;
        switch (op.kind) {
            case Op::Kind::Request:
                return {Kind::Request, op.a, 1, 1};
            case Op::Kind::Parallel:
                return {Kind::Parallel, op.a, op.b, std::max(1U, op.target)};
            case Op::Kind::Think:
                return {Kind::Think, op.a, 0, 0};
            case Op::Kind::GroupBegin:
                return {Kind::GroupBegin, op.a, 0, 0};
            case Op::Kind::GroupEnd:
                return {Kind::GroupEnd, op.a, 0, 0};
            case Op::Kind::LoopBegin:
                if (!begin_loop(flow, op, cursor, environment)) {
                    return {Kind::Broken, 0, 0, 0};
                }
                break;
            case Op::Kind::LoopEnd:
                if (cursor.rounds[op.a] > 0) {
                    --cursor.rounds[op.a];
                    cursor.next = op.target;
                }
                break;
            case Op::Kind::Jump:
                cursor.next = op.target;
                break;
            case Op::Kind::JumpUnless:
                if (!flow.conditions[op.a].holds(environment.context, scratch_)) {
                    cursor.next = op.target;
                }
                if (environment.context.missing != nullptr) {
                    environment.context.missing->clear();  // a condition may ask for it
                }
                break;
            case Op::Kind::Choose:
                cursor.next = choose(flow, op, environment.random);
                break;
            case Op::Kind::Set:
                if (!set(flow, op, environment)) {
                    --cursor.next;
                    return {Kind::Broken, 0, 0, 0};
                }
                break;
            case Op::Kind::End:
                --cursor.next;
                return {Kind::End, 0, 0, 0};
        }
    }
    why_ = "the flow goes round without a request";
    return {Kind::Broken, 0, 0, 0};
}

bool FlowMachine::lacks(const RenderContext& context, const char* where) {
    if (context.missing == nullptr || context.missing->empty()) {
        return false;
    }
    why_ = fmt::format("{}: {} has no value", where, *context.missing);
    context.missing->clear();
    return true;
}

bool FlowMachine::begin_loop(const Flow& flow, const Op& op, FlowCursor& cursor,
                             const Environment& environment) {
    scratch_.clear();
    static_cast<void>(flow.templates[op.b].render(environment.context, scratch_));
    if (lacks(environment.context, "repeat")) {
        --cursor.next;
        return false;
    }
    constexpr double kMost = 1e15;
    double rounds = 0;
    const auto [end, code] =
        std::from_chars(scratch_.data(), scratch_.data() + scratch_.size(), rounds);
    if (code != std::errc{} || end != scratch_.data() + scratch_.size() || !(rounds >= 0) ||
        rounds > kMost) {
        why_ = fmt::format("repeat: \"{}\" is not a number of rounds", scratch_);
        --cursor.next;
        return false;
    }
    if (rounds < 1) {
        cursor.next = op.target;
    } else {
        cursor.rounds[op.a] = static_cast<std::uint64_t>(rounds) - 1;
    }
    return true;
}

std::uint32_t FlowMachine::choose(const Flow& flow, const Op& op, Random& random) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = op.a; i < op.a + op.b; ++i) {
        sum += flow.choices[i].weight;
    }
    std::uint64_t drawn = sum == 0 ? 0 : random.between(0, sum - 1);
    for (std::uint32_t i = op.a; i + 1 < op.a + op.b; ++i) {
        if (drawn < flow.choices[i].weight) {
            return flow.choices[i].target;
        }
        drawn -= flow.choices[i].weight;
    }
    return flow.choices[op.a + op.b - 1].target;
}

bool FlowMachine::set(const Flow& flow, const Op& op, const Environment& environment) {
    Variable& variable = environment.variables[op.a];
    return flow.templates[op.b].evaluate(environment.context, scratch_, variable) ||
           !lacks(environment.context, "set");
}

Flow with_steps(const Flow& flow, std::size_t steps) {
    if (!flow.ops.empty()) {
        return flow;
    }
    Flow sequence;
    for (std::uint32_t step = 0; step < steps; ++step) {
        sequence.ops.push_back({Op::Kind::Request, step, 0, 0});
    }
    sequence.ops.push_back({Op::Kind::End, 0, 0, 0});
    return sequence;
}

Flow straightened(const Flow& flow) {
    Flow straight;
    straight.templates = flow.templates;
    for (const Op& op : flow.ops) {
        if (op.kind == Op::Kind::Request || op.kind == Op::Kind::Set) {
            straight.ops.push_back(op);
        } else if (op.kind == Op::Kind::Parallel) {
            for (std::uint32_t step = op.a; step < op.a + op.b; ++step) {
                straight.ops.push_back({Op::Kind::Request, step, 0, 0});
            }
        }
    }
    straight.ops.push_back({Op::Kind::End, 0, 0, 0});
    return straight;
}

void append(const Flow& straight, Flow& to) {
    const auto first = static_cast<std::uint32_t>(to.templates.size());
    to.templates.insert(to.templates.end(), straight.templates.begin(), straight.templates.end());
    for (Op op : straight.ops) {
        if (op.kind == Op::Kind::End) {
            return;
        }
        op.b += op.kind == Op::Kind::Set ? first : 0;
        to.ops.push_back(op);
    }
}

}  // namespace plimsoll
