// Why PostgreSQL would not let us in, counted.
#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace plimsoll {

/// SQLSTATE of "too many connections". Two texts go with it: a role without privileges reads
/// "remaining connection slots are reserved for ..." and, when every slot is taken, the superuser's
/// included, "sorry, too many clients already".
inline constexpr const char* kTooManyConnections = "53300";

/// What a failed connect said. libpq gives no SQLSTATE for it but in its message, and only when
/// asked to be verbose before the server answers ("FATAL:  53300: sorry, ..."), which
/// PgConnection does. `sqlstate` is read from there, else guessed from the texts known (servers
/// that fail before they can send fields, poolers); empty where the server said nothing of the
/// kind, e.g. connection refused. `text` is one line without the code and the source location.
struct ConnectFailure {
    std::string sqlstate;
    std::string text;
};
[[nodiscard]] ConnectFailure read_connect_failure(std::string_view message);

/// What the probes that connect to one server share: refused connects by SQLSTATE, and whether it
/// is nearly full. Thread-safe.
class Refusals {
public:
    /// Said by the one that sees the server's backends; holds for five seconds, since slots are
    /// taken and given back faster than anybody looks.
    void saw_nearly_full(Clock::time_point now) noexcept { nearly_full_at_ = now; }
    [[nodiscard]] bool nearly_full(Clock::time_point now) const noexcept {
        return now < nearly_full_at_.load() + std::chrono::seconds(5);
    }
    /// Empty codes are not counted: that was no refusal by PostgreSQL.
    void count(const std::string& sqlstate);
    /// Always has 53300, so that its series begins at 0.
    [[nodiscard]] std::map<std::string, std::uint64_t> by_sqlstate() const;

private:
    std::atomic<Clock::time_point> nearly_full_at_{Clock::time_point()};
    mutable std::mutex mutex_;  // guards what follows
    std::map<std::string, std::uint64_t> counts_{{kTooManyConnections, 0}};
};

}  // namespace plimsoll
