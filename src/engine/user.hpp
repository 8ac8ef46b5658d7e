// One simulated user: its connection, its place in its flow, its randomness.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/response_parser.hpp"
#include "record/interval.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace plimsoll {

enum class Phase : std::uint8_t {
    Idle,  // no request under way: parked, thinking, or waiting for its due time
    Connecting,
    Sending,  // the kernel took only part of the request
    Waiting,  // sent; the response's header is not complete
    Body,     // header complete, body not
};

/// State only; the shard moves it. About 600 bytes, so that 10,000 users fit in a few megabytes.
struct User {
    explicit User(std::uint32_t index_in_run, std::uint32_t executor_index)
        : index(index_in_run), executor(executor_index), random(0, 0, 0), random_before(random) {}
    User(const User&) = delete;
    User& operator=(const User&) = delete;

    std::uint32_t index;     // within its executor, over all shards
    std::uint32_t executor;  // into Scenario::load
    std::uint32_t user_class = 0;
    std::uint32_t step = 0;
    std::uint64_t iteration = 0;
    bool busy = false;     // inside an iteration (or, closed model, alive)
    bool leaving = false;  // closed model: ends with the iteration under way ...
    Clock::time_point leave_by = Clock::time_point::max();  // ... or then, after a ramp down

    int socket = -1;
    Phase phase = Phase::Idle;
    bool reused = false;       // this connection has carried a response already
    bool peer_closed = false;  // the server has ended the connection; bytes may be unread still
    bool retried = false;      // sent anew after a kept-alive connection turned out closed
    std::uint32_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    Clock::time_point iteration_due;
    Clock::time_point due;
    Clock::time_point sent;
    Clock::time_point first_byte;
    Clock::time_point deadline = Clock::time_point::max();
    std::uint64_t wheel_slot = 0;

    ResponseParser parser;
    std::string request_rest;  // what the kernel has not taken yet, or the request while connecting
    std::string response_rest;  // an incomplete header, kept until more comes
    Random random;
    Random random_before;                   // as it was before the request under way was rendered
    std::unique_ptr<IterationTrace> trace;  // set while a sampled iteration runs
};

}  // namespace plimsoll
