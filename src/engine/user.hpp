// One simulated user: its place in its flow, what it remembers, its randomness, its connections.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/exchange.hpp"
#include "engine/flow_machine.hpp"
#include "record/interval.hpp"
#include "scenario/flow.hpp"
#include "scenario/variable.hpp"

#include <cstdint>
#include <forward_list>
#include <memory>
#include <vector>

namespace plimsoll {

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
    bool launching = false;  // inside launch_batch: what ends now is looked at there
    bool failed = false;
    OnFail on_fail = OnFail::Continue;  // the gravest of the steps that failed
};

/// State only; the shard moves it. About 900 bytes, so that 10,000 users fit in nine megabytes.
struct User {
    explicit User(std::uint32_t index_in_run, std::uint32_t executor_index)
        : index(index_in_run), executor(executor_index), exchange(*this) {}
    User(const User&) = delete;
    User& operator=(const User&) = delete;

    /// Nothing is asked of any of its connections: parked, thinking, or waiting for its due time.
    [[nodiscard]] bool idle() const noexcept { return under_way == 0; }
    /// Calls `visit(Exchange&)` for each exchange it has, idle ones too.
    template <typename Visit>
    void for_each_exchange(Visit&& visit) {
        visit(exchange);
        for (Exchange& other : more) {
            visit(other);
        }
    }

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
    std::uint8_t setbacks = 0;    // in a row: see Shard::pause_after_setback
    std::uint32_t under_way = 0;  // exchanges
    std::uint32_t polls = 0;      // of the step under way
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
    std::unique_ptr<CookieJar> cookies;     // made with the first cookie
    std::unique_ptr<IterationTrace> trace;  // set while a sampled iteration runs

    Exchange exchange;
    std::forward_list<Exchange> more;  // where one connection is not enough
};

}  // namespace plimsoll
