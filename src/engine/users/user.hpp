// One simulated user: its place in its flow, what it remembers, its randomness.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/users/flow_machine.hpp"
#include "engine/users/users_plan.hpp"
#include "record/interval.hpp"
#include "scenario/flow.hpp"
#include "scenario/variable.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

struct Client;

/// Which of its class's flows a user follows.
enum class Errand : std::uint8_t { Start, Iteration, Stop };

/// What a user that waits does when its time has come.
enum class Resume : std::uint8_t {
    Iteration,  // begins the next
    Step,       // sends `step`
    Batch       // sends what is left of its parallel steps
};

/// A group that a user is inside of.
struct OpenGroup {
    GroupId group = 0;
    bool begun = false;     // its first request is out
    bool failed = false;    // one of its steps has
    bool censored = false;  // one of its requests was given up
    Clock::time_point due;  // of its first step
};

/// Steps under way at once.
struct Batch {
    std::uint32_t next = 0;  // step to send next
    std::uint32_t end = 0;   // behind the last; 0: no batch
    std::uint32_t connections = 1;
    bool failed = false;
    OnFail on_fail = OnFail::Continue;  // the gravest of the steps that failed
};

/// State only; `Users` moves it. Never moves in memory.
struct User {
    explicit User(std::uint32_t index_in_run, std::uint32_t executor_index)
        : index(index_in_run), executor(executor_index) {}
    User(const User&) = delete;
    User& operator=(const User&) = delete;

    /// Nothing is asked of any of its connections: parked, thinking, or waiting for its due time.
    [[nodiscard]] bool idle() const noexcept { return under_way == 0; }

    std::uint32_t index;      // within its executor, over all shards
    std::uint32_t executor;   // into Scenario::load
    std::uint32_t place = 0;  // which of a name's addresses it connects to first
    std::uint32_t user_class = 0;
    std::uint32_t step = 0;
    std::uint64_t iteration = 0;
    std::uint64_t trace_stem = 0;      // what the ids of this flow's trace are drawn from
    std::uint32_t requests_begun = 0;  // by this flow
    Errand errand = Errand::Iteration;
    Resume resume = Resume::Iteration;
    bool busy = false;            // inside an iteration (or, closed model, alive)
    bool leaving = false;         // closed model: ends with the iteration under way ...
    bool between = false;         // closed model: waits to begin its next iteration
    bool started = false;         // has begun its work as `user_class`; user_stop is still to come
    bool stopped = false;         // closed model: not to be started again
    bool sent_any = false;        // this iteration has sent a request
    std::uint8_t setbacks = 0;    // in a row: see Users::pause_after_setback
    std::uint32_t under_way = 0;  // requests
    std::uint32_t polls = 0;      // of the step under way
    std::uint32_t memory = 0;     // grows when what servers told it (cookies) is to be forgotten
    Clock::time_point leave_by = Clock::time_point::max();  // ... or then, after a ramp down
    Clock::time_point iteration_due;
    Clock::time_point due;       // when its next request is, or the one under way was
    Clock::time_point last_end;  // of its last request
    Random random{0, 0, 0};
    FlowCursor cursor;
    Batch batch;
    std::vector<OpenGroup> groups;          // the innermost last
    std::vector<Variable> variables;        // by VariableId
    std::vector<std::uint64_t> rows;        // this iteration's, by DataId
    std::unique_ptr<IterationTrace> trace;  // set while a sampled iteration runs
    Client* client = nullptr;  // its connections: the transport's, which alone looks at them
};

/// What expressions of a user may refer to; draws come from `random`, and `missing` takes what has
/// no value.
[[nodiscard]] inline RenderContext context_of(const UsersPlan& plan, const User& user,
                                              Random& random, std::string& missing) {
    return {user.index,          user.iteration, &random, user.variables, plan.shared,
            plan.scenario->data, user.rows,      0,       &missing,       user.executor};
}

}  // namespace plimsoll
