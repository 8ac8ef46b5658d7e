// One simulated user: its place in its flow, its randomness, its connections.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/exchange.hpp"
#include "record/interval.hpp"

#include <cstdint>
#include <forward_list>
#include <memory>

namespace plimsoll {

/// State only; the shard moves it. About a kilobyte, so that 10,000 users fit in a few megabytes.
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

    std::uint32_t index;     // within its executor, over all shards
    std::uint32_t executor;  // into Scenario::load
    std::uint32_t user_class = 0;
    std::uint32_t step = 0;
    std::uint64_t iteration = 0;
    bool busy = false;            // inside an iteration (or, closed model, alive)
    bool leaving = false;         // closed model: ends with the iteration under way ...
    std::uint32_t under_way = 0;  // exchanges
    Clock::time_point leave_by = Clock::time_point::max();  // ... or then, after a ramp down
    Clock::time_point iteration_due;
    Clock::time_point due;  // when its next request is, or the one under way was
    Random random{0, 0, 0};
    std::unique_ptr<CookieJar> cookies;     // made with the first cookie
    std::unique_ptr<IterationTrace> trace;  // set while a sampled iteration runs

    Exchange exchange;
    std::forward_list<Exchange> more;  // where one connection is not enough
};

}  // namespace plimsoll
