#include "engine/users/flow_machine.hpp"

#include <array>
#include <map>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using Kind = FlowAction::Kind;

Op op(Op::Kind kind, std::uint32_t a = 0, std::uint32_t b = 0, std::uint32_t target = 0) {
    return {kind, a, b, target};
}

/// A flow under way, with one variable.
struct Walk {
    explicit Walk(Flow walked, std::uint64_t seed = 1)
        : flow(std::move(walked)), random(seed, 0, 0) {
        cursor.restart(flow);
    }
    FlowAction next() {
        RenderContext context;
        context.random = &random;
        context.variables = variables;
        context.missing = &missing;
        return machine.next(flow, cursor, {context, variables, random});
    }
    /// The steps until the end, parallel ones as their first; -1 where it is broken.
    std::vector<int> steps() {
        std::vector<int> all;
        for (;;) {
            const FlowAction action = next();
            if (action.kind == Kind::End) {
                return all;
            }
            if (action.kind == Kind::Broken) {
                all.push_back(-1);
                return all;
            }
            all.push_back(static_cast<int>(action.a));
        }
    }
    Flow flow;
    FlowMachine machine;
    FlowCursor cursor;
    std::vector<Variable> variables{1};
    std::string missing;
    Random random;
};

TEST(FlowMachine, TakesAClasssStepsInOrderWhereItHasNoProgram) {
    Walk walk(with_steps({}, 3));
    EXPECT_EQ(walk.steps(), (std::vector{0, 1, 2}));
    EXPECT_EQ(walk.next().kind, Kind::End);  // and stays there
}

TEST(FlowMachine, GoesRoundNestedLoops) {
    Flow flow;
    flow.counters = 2;
    flow.templates = {Template::literal("2"), Template::literal("3")};
    flow.ops = {op(Op::Kind::LoopBegin, 0, 0, 6),
                op(Op::Kind::Request, 7),
                op(Op::Kind::LoopBegin, 1, 1, 5),
                op(Op::Kind::Request, 8),
                op(Op::Kind::LoopEnd, 1, 0, 3),
                op(Op::Kind::LoopEnd, 0, 0, 1),
                op(Op::Kind::End)};
    EXPECT_EQ(Walk(flow).steps(), (std::vector{7, 8, 8, 8, 7, 8, 8, 8}));
}

TEST(FlowMachine, LeavesOutALoopOfNoRounds) {
    Flow flow;
    flow.counters = 1;
    flow.templates = {Template::literal("0")};
    flow.ops = {op(Op::Kind::LoopBegin, 0, 0, 3), op(Op::Kind::Request, 1),
                op(Op::Kind::LoopEnd, 0, 0, 1), op(Op::Kind::Request, 2), op(Op::Kind::End)};
    EXPECT_EQ(Walk(flow).steps(), std::vector{2});
}

TEST(FlowMachine, IsBrokenByARoundCountThatIsNone) {
    for (const char* text : {"three", "-1", "", "1e99"}) {
        Flow flow;
        flow.counters = 1;
        flow.templates = {Template::literal(text)};
        flow.ops = {op(Op::Kind::LoopBegin, 0, 0, 2), op(Op::Kind::LoopEnd, 0, 0, 1),
                    op(Op::Kind::End)};
        Walk walk(flow);
        EXPECT_EQ(walk.next().kind, Kind::Broken) << text;
        EXPECT_EQ(walk.machine.why(),
                  std::string("repeat: \"") + text + "\" is not a number of rounds");
    }
}

TEST(FlowMachine, IsBrokenByALoopThatNeverDoesAnything) {
    Flow flow;
    flow.ops = {op(Op::Kind::Jump, 0, 0, 0), op(Op::Kind::End)};
    Walk walk(flow);
    EXPECT_EQ(walk.next().kind, Kind::Broken);
    EXPECT_EQ(walk.machine.why(), "the flow goes round without a request");
}

TEST(FlowMachine, SetsVariablesWithTheirTypes) {
    const std::array<std::pair<const char*, ValueType>, 4> cases{{{"12.5", ValueType::Number},
                                                                  {"true", ValueType::Boolean},
                                                                  {"12 5", ValueType::Text},
                                                                  {"", ValueType::Text}}};
    for (const auto& [text, type] : cases) {
        Flow flow;
        flow.templates = {Template::literal(text)};
        flow.ops = {op(Op::Kind::Set, 0, 0), op(Op::Kind::End)};
        Walk walk(flow);
        EXPECT_EQ(walk.next().kind, Kind::End);
        EXPECT_EQ(walk.variables[0].text, text);
        EXPECT_EQ(walk.variables[0].type, type) << text;
    }
}

TEST(FlowMachine, ChoosesByWeightFromTheUsersDraws) {
    Flow flow;
    flow.choices = {{1, 1}, {3, 3}, {6, 5}};
    flow.ops = {
        op(Op::Kind::Choose, 0, 3), op(Op::Kind::Request, 10),   op(Op::Kind::Jump, 0, 0, 6),
        op(Op::Kind::Request, 20),  op(Op::Kind::Jump, 0, 0, 6), op(Op::Kind::Request, 30),
        op(Op::Kind::End)};
    std::map<int, int> times;
    constexpr int kDraws = 20'000;
    for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
        ++times[Walk(flow, seed).steps().front()];
    }
    // Binomial: a standard deviation is at most √(20,000 · 0.6 · 0.4) = 69; five of them.
    EXPECT_NEAR(times[10], kDraws * 0.1, 350);
    EXPECT_NEAR(times[20], kDraws * 0.3, 350);
    EXPECT_NEAR(times[30], kDraws * 0.6, 350);
    EXPECT_EQ(Walk(flow, 7).steps(), Walk(flow, 7).steps());
}

TEST(FlowMachine, HandsOutGroupsThinkTimeAndParallelSteps) {
    Flow flow;
    flow.ops = {op(Op::Kind::GroupBegin, 4), op(Op::Kind::Parallel, 2, 5, 3),
                op(Op::Kind::Think, 1), op(Op::Kind::GroupEnd, 4), op(Op::Kind::End)};
    Walk walk(flow);
    EXPECT_EQ(walk.next().kind, Kind::GroupBegin);
    const FlowAction parallel = walk.next();
    EXPECT_EQ(parallel.kind, Kind::Parallel);
    EXPECT_EQ(parallel.a, 2U);
    EXPECT_EQ(parallel.b, 5U);
    EXPECT_EQ(parallel.connections, 3U);
    EXPECT_EQ(walk.next().kind, Kind::Think);
    const FlowAction end = walk.next();
    EXPECT_EQ(end.kind, Kind::GroupEnd);
    EXPECT_EQ(end.a, 4U);
    EXPECT_EQ(walk.next().kind, Kind::End);
}

TEST(Straightened, SendsEachStepOnceWhateverTheProgramSays) {
    Flow flow;
    flow.counters = 1;
    flow.templates = {Template::literal("9"), Template::literal("x")};
    flow.conditions.resize(1);
    flow.choices = {{1, 4}, {1, 6}};
    flow.ops = {op(Op::Kind::LoopBegin, 0, 0, 9),  op(Op::Kind::Set, 0, 1),
                op(Op::Kind::JumpUnless, 0, 0, 8), op(Op::Kind::Choose, 0, 2),
                op(Op::Kind::Request, 0),          op(Op::Kind::Jump, 0, 0, 8),
                op(Op::Kind::Request, 1),          op(Op::Kind::Parallel, 2, 3, 2),
                op(Op::Kind::LoopEnd, 0, 0, 1),    op(Op::Kind::End)};
    Walk walk(straightened(flow));
    EXPECT_EQ(walk.steps(), (std::vector{0, 1, 2, 3, 4}));
    EXPECT_EQ(walk.variables[0].text, "x");
}

}  // namespace
}  // namespace plimsoll
