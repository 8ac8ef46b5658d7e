// One PostgreSQL connection that never blocks beyond a deadline.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/postgres/deadline_io.hpp"
#include "probes/postgres/target.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pg_conn;  // libpq's PGconn and PGresult, whose header stays in the sources
struct pg_result;

namespace plimsoll {

/// The rows of one query's answer, all values as text.
class PgRows {
public:
    explicit PgRows(pg_result* result) : result_(result) {}
    [[nodiscard]] int size() const;
    [[nodiscard]] int columns() const;
    [[nodiscard]] std::string_view column_name(int column) const;
    [[nodiscard]] bool null(int row, int column) const;
    /// Empty for NULL. Lives as long as this.
    [[nodiscard]] std::string_view text(int row, int column) const;
    /// 0 for NULL and for what is no number.
    [[nodiscard]] double number(int row, int column) const;

private:
    struct Free {
        void operator()(pg_result* result) const;
    };
    std::unique_ptr<pg_result, Free> result_;
};

/// Threading: one thread at a time. Errors name the server (`PgTarget::where`), never a secret.
class PgConnection {
public:
    /// `set_up` is one or more SQL statements, sent in one round trip before the connection counts
    /// as up: settings, PREPARE. May be empty.
    PgConnection(PgTarget target, std::string set_up);
    ~PgConnection();
    PgConnection(PgConnection&&) noexcept;
    PgConnection& operator=(PgConnection&&) noexcept;

    /// Up: answers queries.
    [[nodiscard]] bool up() const noexcept { return stage_ == Stage::Up; }
    /// An answer is outstanding that a query did not wait for; it is taken and forgotten when it
    /// comes. Until then queries fail.
    [[nodiscard]] bool busy() const noexcept { return busy_; }
    [[nodiscard]] bool connecting() const noexcept {
        return stage_ != Stage::Up && stage_ != Stage::Down;
    }

    /// Connects, or goes on connecting where the last call's deadline left off (`connecting()`),
    /// so that a far server is reached by short calls too. An attempt that takes longer than
    /// kConnectLimit in all is given up. Nothing happens if up.
    [[nodiscard]] Status connect(Clock::time_point deadline);
    /// Of the last failed connect: the server's code, e.g. "53300"; empty where it gave none.
    [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }

    /// The server's version as server_version_num has it, e.g. 150004; 0 unless up.
    [[nodiscard]] int server_version() const;

    /// Runs one SQL statement in autocommit. Where an answer is still outstanding the call fails at
    /// once, without waiting: the deadline was for that one.
    [[nodiscard]] Result<PgRows> query(const std::string& sql, Clock::time_point deadline);
    /// The same by the simple protocol, which is all that PgBouncer's console speaks.
    [[nodiscard]] Result<PgRows> query_simple(const std::string& sql, Clock::time_point deadline);
    /// Runs a statement that `set_up` has prepared under `name`.
    [[nodiscard]] Result<PgRows> query_prepared(const std::string& name,
                                                Clock::time_point deadline);

    /// Takes what has come without waiting: finds out that the server closed the connection (it is
    /// down then) or that an outstanding answer is there (it is no longer busy).
    void look();
    void close();

    [[nodiscard]] const PgTarget& target() const noexcept { return target_; }

    static constexpr Nanoseconds kConnectLimit = std::chrono::seconds(5);
    /// A busy connection is given up after so long: statement_timeout has passed several times.
    static constexpr Nanoseconds kBusyLimit = std::chrono::seconds(3);
    /// Another limit than kBusyLimit.
    void give_up_after(Nanoseconds busy) noexcept { busy_limit_ = busy; }

private:
    enum class Stage { Down, LookingUp, Connecting, SettingUp, Up };

    Status step(Clock::time_point deadline);  // one stage further
    Status look_up(Clock::time_point deadline);
    Status begin(const std::vector<std::string>& addresses);
    Status poll_connect(Clock::time_point deadline);
    Status set_up(Clock::time_point deadline);
    Status make_ready();
    Result<PgRows> answer(bool sent, Clock::time_point deadline);
    Result<PgRows> collect(Clock::time_point deadline);
    Error give_up_waiting();
    Error fail(std::string_view message);  // and closes
    [[nodiscard]] Error refusal(const pg_result& result) const;
    [[nodiscard]] Error late(const char* what) const;

    PgTarget target_;
    std::string set_up_;
    std::unique_ptr<pg_conn, void (*)(pg_conn*)> connection_;
    std::optional<HostLookup> lookup_;
    Stage stage_ = Stage::Down;
    Clock::time_point since_;  // of the attempt, or of being busy
    short wait_for_ = 0;       // what libpq wants of its socket while connecting
    bool busy_ = false;
    Nanoseconds busy_limit_ = kBusyLimit;
    std::string sqlstate_;
};

}  // namespace plimsoll
