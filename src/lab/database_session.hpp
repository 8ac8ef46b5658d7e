// Private to lab: a connection as a request sees it, lent by the pool.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/database_connection.hpp"

#include <algorithm>
#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace plimsoll {

/// One SQL statement the service uses. Both texts live as long as the pool.
struct DbStatement {
    const char* name;
    const char* sql;
};

/// Threading: the pool's thread that runs the job.
class DatabaseSession {
public:
    /// `prepared`: the statements this connection has prepared under their names. `stop`: ends
    /// pauses.
    DatabaseSession(DatabaseConnection& connection, std::span<const DbStatement> prepared,
                    Nanoseconds statement_limit, const std::atomic<bool>& stop)
        : connection_(connection), prepared_(prepared), limit_(statement_limit), stop_(stop) {}

    /// The first column of the first row.
    [[nodiscard]] Result<PgCell> run(const DbStatement& statement,
                                     const std::vector<PgParam>& parameters) {
        const auto deadline = Clock::now() + limit_;
        const bool known = std::any_of(prepared_.begin(), prepared_.end(), [&](const auto& one) {
            return std::string_view(one.name) == statement.name;
        });
        return known ? connection_.run_prepared(statement.name, parameters, deadline)
                     : connection_.run(statement.sql, parameters, deadline);
    }
    [[nodiscard]] Result<PgCell> run(const std::string& sql,
                                     const std::vector<PgParam>& parameters) {
        return connection_.run(sql, parameters, Clock::now() + limit_);
    }
    [[nodiscard]] Status script(const std::string& sql) {
        return connection_.run_script(sql, Clock::now() + limit_);
    }
    [[nodiscard]] const std::string& sqlstate() const { return connection_.sqlstate(); }
    /// Work outside the database while the connection is held.
    void pause(Nanoseconds length) const {
        const auto end = Clock::now() + length;
        while (!stop_.load() && Clock::now() < end) {
            std::this_thread::sleep_for(
                std::min<Nanoseconds>(end - Clock::now(), std::chrono::milliseconds(50)));
        }
    }
    /// The job will not give the connection back: it stays as it is until the pool is told to
    /// release leaks.
    void leak() { leaked_ = true; }
    [[nodiscard]] bool leaked() const { return leaked_; }

private:
    DatabaseConnection& connection_;
    std::span<const DbStatement> prepared_;
    const Nanoseconds limit_;
    const std::atomic<bool>& stop_;
    bool leaked_ = false;
};

}  // namespace plimsoll
