// Why PostgreSQL would not let us in, counted.
#pragma once

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

/// Refused connects by SQLSTATE, shared by the probes that connect. Thread-safe.
class Refusals {
public:
    /// Empty codes are not counted: that was no refusal by PostgreSQL.
    void count(const std::string& sqlstate);
    /// Always has 53300, so that its series begins at 0.
    [[nodiscard]] std::map<std::string, std::uint64_t> by_sqlstate() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> counts_{{kTooManyConnections, 0}};
};

}  // namespace plimsoll
