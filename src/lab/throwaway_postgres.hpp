// A private PostgreSQL for a demo or a test: ready in seconds, gone with its owner.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/child_process.hpp"
#include "lab/temp_folder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct ThrowawayPostgresOptions {
    int max_connections = 100;
    int superuser_reserved_connections = 3;
    std::string shared_preload_libraries;                       // e.g. "pg_stat_statements"
    std::vector<std::pair<std::string, std::string>> settings;  // more of postgresql.conf
    std::string parent_folder;  // for the temporary folder; empty: $TMPDIR or /tmp
    std::string
        bin_folder;  // of initdb and postgres; empty: newest in /usr/lib/postgresql, or PATH
};

/// A cluster of its own in a temporary folder, with `postgres` running as our child: never as root
/// (root becomes the user `postgres`), on a unix socket in the folder and a free port of 127.0.0.1.
/// Holds the database `lab`, owned by the ordinary role `app`, which may not use the reserved
/// slots. Who may log in: on the unix socket anyone who can enter the folder (its owner and root);
/// over TCP by a random password (scram-sha-256). The kernel ends it when the thread that called
/// `start` ends (see ChildOptions::death_signal), so that even SIGKILL of the owner leaves no
/// process; the folder it then leaves behind is removed by the next sweep_stale_folders. Nothing in
/// it survives a crash: fsync is off. Threading: one thread at a time.
class ThrowawayPostgres {
public:
    /// Sweeps stale folders, then makes the cluster and waits until it answers; about 2 s.
    /// Error: no PostgreSQL on this machine (`hint` names the package), no user to run it as, or
    /// what its log says.
    [[nodiscard]] static Result<ThrowawayPostgres> start(const ThrowawayPostgresOptions& options,
                                                         Clock::time_point deadline);
    ~ThrowawayPostgres();
    ThrowawayPostgres(ThrowawayPostgres&&) noexcept;
    ThrowawayPostgres& operator=(ThrowawayPostgres&&) noexcept;

    /// libpq connection strings for the database `lab`. The first two use the unix socket and hold
    /// no secret. The TCP ones do: keep them out of logs.
    [[nodiscard]] std::string superuser_dsn() const;
    [[nodiscard]] std::string app_dsn() const;
    [[nodiscard]] std::string superuser_tcp_dsn() const;
    [[nodiscard]] std::string app_tcp_dsn() const;

    [[nodiscard]] pid_t postmaster_pid() const;
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string data_folder() const;
    [[nodiscard]] const std::string& folder() const;
    [[nodiscard]] bool running();
    /// The last lines PostgreSQL logged, for error messages.
    [[nodiscard]] std::string log_tail() const;

    /// Starts the server again on the same data, port and socket after it has ended.
    [[nodiscard]] Status restart(Clock::time_point deadline);
    /// Ends the server with SIGKILL, as the kernel would when memory is short.
    void kill();
    /// Ends the server (fast shutdown, then harder) and removes the folder. Idempotent.
    void stop();

private:
    struct State;
    explicit ThrowawayPostgres(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Removes the plimsoll-XXXXXX folders in `parent` (empty: $TMPDIR or /tmp) whose owner is dead and
/// that are ours to remove, first ending a PostgreSQL that still runs from one. Returns how many.
/// A folder in use, or one that another user owns, is left alone.
int sweep_stale_folders(const std::string& parent = {});

/// Removes the shared memory that a postmaster killed with SIGKILL left behind, as named in its
/// postmaster.pid. Does nothing while any process still uses it.
void remove_orphaned_shared_memory(const std::string& data_folder);

}  // namespace plimsoll
