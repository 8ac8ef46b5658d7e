// A private PgBouncer in front of a throwaway PostgreSQL, gone with its owner.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/throwaway_postgres.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

namespace plimsoll {

struct ThrowawayPgbouncerOptions {
    std::string pool_mode = "transaction";               // or "session", "statement"
    int pool_size = 20;                                  // default_pool_size, per user and database
    int max_clients = 1000;                              // max_client_conn
    Nanoseconds query_wait = std::chrono::seconds(120);  // query_wait_timeout, whole seconds
    std::string program;                                 // empty: looked up in PATH
    std::string parent_folder;                           // as of ThrowawayPostgresOptions
};

/// As ThrowawayPostgres: our child, never as root (root becomes `postgres`), on a unix socket in a
/// closed folder and a free port of 127.0.0.1, ended by the kernel when the thread that called
/// `start` ends. Serves the database `lab` to the role `app`, and its console to `pgbouncer`
/// (administrator) and `stats` (may only look). On the unix socket anyone who can enter the folder
/// may log in; over TCP only with a random password. Threading: one thread at a time.
class ThrowawayPgbouncer {
public:
    /// Ready in about 0.1 s. `server` must outlive this. Error: PgBouncer is not installed (`hint`
    /// names the package), or what its log says.
    [[nodiscard]] static Result<ThrowawayPgbouncer> start(const ThrowawayPgbouncerOptions& options,
                                                          const ThrowawayPostgres& server,
                                                          Clock::time_point deadline);
    ~ThrowawayPgbouncer();
    ThrowawayPgbouncer(ThrowawayPgbouncer&&) noexcept;
    ThrowawayPgbouncer& operator=(ThrowawayPgbouncer&&) noexcept;

    /// libpq connection strings by the unix socket, without a secret: the database `lab` as `app`,
    /// and the console, which takes only simple queries.
    [[nodiscard]] std::string app_dsn() const;
    [[nodiscard]] std::string admin_dsn() const;
    [[nodiscard]] std::string stats_dsn() const;
    /// By TCP, with the password: keep it out of logs.
    [[nodiscard]] std::string app_tcp_dsn() const;
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] pid_t pid() const;
    [[nodiscard]] bool running();

    /// Ends it with SIGKILL. `restart` brings it back on the same port.
    void kill();
    [[nodiscard]] Status restart(Clock::time_point deadline);
    /// Ends it and removes its folder. Idempotent.
    void stop();

private:
    struct State;
    explicit ThrowawayPgbouncer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll
