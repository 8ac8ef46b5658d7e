// A connection that comes back by itself.
#pragma once

#include "probes/postgres/connection.hpp"
#include "probes/postgres/refusals.hpp"

namespace plimsoll {

/// When a connection may be tried again: 0.1 s after the first failure, doubling up to 1 s, so
/// that a server that comes back is found within 2 s and one that is down is left in peace.
class Backoff {
public:
    [[nodiscard]] bool due(Clock::time_point now) const noexcept { return now >= next_; }
    void failed(Clock::time_point now) noexcept;
    void succeeded() noexcept { *this = Backoff(); }

private:
    Clock::time_point next_{};
    Nanoseconds wait_ = std::chrono::milliseconds(100);
};

/// Threading: one thread, as the connection's.
struct Link {
    PgConnection connection;
    Backoff backoff = {};
    // What is prepared on first use; forgotten with the connection.
    bool prepared = false;
    bool counters_prepared = false;

    /// One more try to be up by `deadline`, if it is time for one. An attempt that an earlier call
    /// began gets kGlance at most: it goes on by itself, and others wait for this thread. Refusals
    /// are counted.
    [[nodiscard]] Status raise(Clock::time_point deadline, Refusals& refusals);

    static constexpr Nanoseconds kGlance = std::chrono::milliseconds(20);
};

}  // namespace plimsoll
