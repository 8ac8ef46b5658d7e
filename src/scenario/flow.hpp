// A user class's flow, compiled to a short program over its steps.
#pragma once

#include "base/clock.hpp"
#include "scenario/template.hpp"
#include "scenario/variable.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll {

/// What a user does next when a step has failed: a response that was not expected, a failed check
/// or a missing capture.
enum class OnFail : std::uint8_t { Continue, NextIteration, StopUser, AbortRun };

/// Index into RunInfo::groups: steps that are timed as a whole.
using GroupId = std::uint32_t;

/// A condition on variables and expressions: `${role} == admin`, `${n} < 5`, `${token}` (set and
/// not empty, 0 or false). Two numbers compare as numbers, all else as text.
struct Condition {
    enum class Op : std::uint8_t {
        Truthy,
        Equals,
        NotEquals,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual
    };
    Op op = Op::Truthy;
    bool negated = false;  // of Truthy: `not ${token}`
    Template left;
    Template right;
    /// Error: not a condition; says what it should be.
    [[nodiscard]] static Result<Condition> compile(std::string_view text,
                                                   const TemplateScope& scope);
    /// False where a variable in it is not set, but for `not ${token}`.
    [[nodiscard]] bool holds(const RenderContext& context, std::string& scratch) const;
};

/// One instruction. Operands by kind:
///   Request     a: step
///   Think       thinks[a]
///   GroupBegin  a: GroupId        GroupEnd a: GroupId
///   LoopBegin   a: counter, b: index into `templates` (number of rounds), target: behind LoopEnd
///   LoopEnd     a: counter, target: the first instruction of the body
///   Jump        target
///   JumpUnless  a: index into `conditions`, target
///   Choose      a: first of b entries in `choices`; each is a weight and a target
///   Parallel    a: first step, b: how many; all under way at once, on up to `target` connections;
///               goes on when the last is over
///   Set         a: VariableId, b: index into `templates`
///   End         the iteration is over
struct Op {
    enum class Kind : std::uint8_t {
        Request,
        Think,
        GroupBegin,
        GroupEnd,
        LoopBegin,
        LoopEnd,
        Jump,
        JumpUnless,
        Choose,
        Parallel,
        Set,
        End
    };
    Kind kind = Kind::End;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    std::uint32_t target = 0;
};

/// Immutable. Ends with End. Groups and loops nest properly; jumps never leave a loop or a group.
struct Flow {
    std::vector<Op> ops;         // empty: the class's steps one after the other
    std::uint32_t counters = 0;  // of loops, nested ones apart
    std::vector<Template> templates;
    std::vector<Condition> conditions;
    struct Choice {
        std::uint32_t weight;
        std::uint32_t target;
    };
    std::vector<Choice> choices;
};

}  // namespace plimsoll
