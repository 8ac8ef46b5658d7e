// A connection that comes back by itself.
#pragma once

#include "probes/postgres/connection.hpp"
#include "probes/postgres/refusals.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

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
    std::vector<std::string_view> prepared = {};  // on this connection: names of `ask`

    /// One more try to be up by `deadline`, if it is time for one. An attempt that an earlier call
    /// began gets kGlance at most: it goes on by itself, and others wait for this thread. Refusals
    /// are counted.
    [[nodiscard]] Status raise(Clock::time_point deadline, Refusals& refusals);

    /// Runs a statement that is asked again and again, prepared under `name` (a literal) on its
    /// first use: planning such a statement costs the server more than running it. Each apart, so
    /// that a view that a server lacks does not cost us the rest. `sql` writes it, and is called
    /// only then. The connection must be up.
    [[nodiscard]] Result<PgRows> ask(const char* name, const std::function<std::string()>& sql,
                                     Clock::time_point deadline);

    static constexpr Nanoseconds kGlance = std::chrono::milliseconds(20);
};

}  // namespace plimsoll
