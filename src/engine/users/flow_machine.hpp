// Which step of a flow comes next. Pure: no socket, no clock, no thread.
#pragma once

#include "scenario/flow.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {

/// Where a user stands in a flow.
struct FlowCursor {
    std::uint32_t next = 0;             // instruction
    std::vector<std::uint64_t> rounds;  // still to begin, by loop counter
    /// To the first instruction. Allocates only for a flow with more loops than any before.
    void restart(const Flow& flow);
};

/// What the user does next. Loops, jumps, conditions, choices and `set` are done by then.
struct FlowAction {
    enum class Kind : std::uint8_t {
        Request,     // a: step
        Parallel,    // steps [a, a + b), on up to `connections` at once
        Think,       // thinks[a]
        GroupBegin,  // a: GroupId
        GroupEnd,    // a: GroupId
        End,
        Broken  // cannot go on; `why` says what for
    };
    Kind kind = Kind::End;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    std::uint32_t connections = 1;
};

/// Runs flow programs. Holds only scratch memory: one per shard serves all its users.
class FlowMachine {
public:
    /// What a flow reads and changes. `context` sees `variables` too.
    struct Environment {
        const RenderContext& context;
        std::span<Variable> variables;
        Random& random;  // of choices
    };

    /// The next thing to do; moves `cursor` behind it (at the end and where the flow is broken it
    /// stays).
    [[nodiscard]] FlowAction next(const Flow& flow, FlowCursor& cursor,
                                  const Environment& environment);
    /// Of the last Broken action: one line, for people.
    [[nodiscard]] const std::string& why() const noexcept { return why_; }

    /// A flow that goes through this many instructions without anything to do is broken: it would
    /// hold its shard up for ever.
    static constexpr std::uint32_t kMostIdle = 1'000'000;

private:
    /// The last rendering lacked a value: into why_.
    [[nodiscard]] bool lacks(const RenderContext& context, const char* where);
    [[nodiscard]] bool begin_loop(const Flow& flow, const Op& op, FlowCursor& cursor,
                                  const Environment& environment);
    [[nodiscard]] static std::uint32_t choose(const Flow& flow, const Op& op, Random& random);
    [[nodiscard]] bool set(const Flow& flow, const Op& op, const Environment& environment);

    std::string scratch_;
    std::string why_;
};

/// `flow`, or where it has no instructions the `steps` one after the other.
[[nodiscard]] Flow with_steps(const Flow& flow, std::size_t steps);

/// Each request of `flow` once, in the order of its instructions, whatever its conditions, choices
/// and loops say; without think time and groups. For trying a flow out.
[[nodiscard]] Flow straightened(const Flow& flow);

/// Puts a straightened flow behind another one, which then has no end of its own.
void append(const Flow& straight, Flow& to);

}  // namespace plimsoll
