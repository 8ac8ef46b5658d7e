// Private to lab: one libpq connection whose every wait ends at a deadline or on request.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <vector>

struct pg_conn;
struct pg_result;

namespace plimsoll {

using PgParam = std::optional<std::string>;  // nothing is NULL
using PgCell = std::optional<std::string>;   // nothing is NULL, or no row

/// Threading: one thread, except for `*interrupted`, which anyone may set: then every call ends
/// within about 0.1 s and the connection is lost.
/// Errors carry PostgreSQL's own message ("FATAL: sorry, too many clients already") in `what`,
/// never the connection string.
class DatabaseConnection {
public:
    explicit DatabaseConnection(const std::atomic<bool>* interrupted = nullptr)
        : interrupted_(interrupted) {}
    ~DatabaseConnection() { close(); }
    DatabaseConnection(const DatabaseConnection&) = delete;
    DatabaseConnection& operator=(const DatabaseConnection&) = delete;

    /// Closes what is open, then connects. `dsn`: keywords or URI, as libpq takes them; a given
    /// `application_name` wins over one in it.
    [[nodiscard]] Status connect(const std::string& dsn, Clock::time_point deadline,
                                 const char* application_name = nullptr);
    void close();
    /// False when there is no connection, or the server has closed it, also while it was idle.
    [[nodiscard]] bool usable() const;

    [[nodiscard]] Status prepare(const std::string& name, const std::string& sql,
                                 Clock::time_point deadline);
    /// The first column of the first row. After an Error, `usable` tells a failed statement from
    /// a lost connection.
    [[nodiscard]] Result<PgCell> run_prepared(const std::string& name,
                                              const std::vector<PgParam>& parameters,
                                              Clock::time_point deadline);
    [[nodiscard]] Result<PgCell> run(const std::string& sql, const std::vector<PgParam>& parameters,
                                     Clock::time_point deadline);
    /// SQLSTATE of the statement that failed last ("23505"); empty when the failure was no answer
    /// of the server.
    [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
    /// One or more statements without parameters.
    [[nodiscard]] Status run_script(const std::string& sql, Clock::time_point deadline);

private:
    [[nodiscard]] bool wait(short events, Clock::time_point deadline) const;
    [[nodiscard]] Result<PgCell> collect(int sent, Clock::time_point deadline);
    [[nodiscard]] Error lost(const std::string& fallback);
    [[nodiscard]] bool flush(Clock::time_point deadline);

    pg_conn* connection_ = nullptr;
    std::string sqlstate_;
    const std::atomic<bool>* interrupted_;
};

/// The first line of libpq's message, without its prefix (addresses, socket paths).
[[nodiscard]] std::string tidy_pg_message(const std::string& message);

}  // namespace plimsoll
