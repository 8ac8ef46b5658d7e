// Private to lab: database work on threads of its own, so that the HTTP threads never wait.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/database_connection.hpp"
#include "net/http_server.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll {

/// One SQL statement the service uses; $1 is always the hold time in seconds.
struct DbStatement {
    const char* name;
    const char* sql;
};

/// One request's database work: run a statement, answer with what `render` makes of its cell.
struct DbJob {
    const DbStatement* statement = nullptr;
    std::vector<PgParam> parameters;
    HttpResponse (*render)(PgCell cell) = nullptr;
    Responder responder;
    Clock::time_point give_up;  // set by submit
};

struct DatabasePoolOptions {
    enum class Mode {
        Fixed,       // `size` connections, opened at the start, one thread each
        PerRequest,  // a connection opened and closed for each job, on up to `size` threads
    };
    Mode mode = Mode::Fixed;
    std::string dsn;
    std::string application_name;  // of every connection; how probes tell them from others
    int size = 64;
    Nanoseconds wait_limit = std::chrono::seconds(2);  // for a connection; then 503
    Nanoseconds connect_limit = std::chrono::seconds(5);
    Nanoseconds statement_limit = std::chrono::seconds(60);
    std::span<const DbStatement> statements;  // prepared on every fixed connection; static
};

struct DatabasePoolState {
    int size = 0;       // connections (Fixed) or the most threads (PerRequest)
    int connected = 0;  // open now; for PerRequest those at work
    int busy = 0;
    std::size_t waiting = 0;
    std::uint64_t timeouts = 0;  // jobs that waited too long
    std::uint64_t failures = 0;  // jobs answered 503 for want of a connection
};

/// Jobs wait in one queue, first in first out. A job that waits longer than `wait_limit` is
/// answered 503 at that moment, by a timer, with the message SQLAlchemy's pool would give. A lost
/// connection is opened again with growing pauses (50 ms to 1 s); while none is open jobs are
/// answered 503 at once with PostgreSQL's reason. Threading: submit and state from any thread.
class DatabasePool {
public:
    /// Error: not all connections could be opened before `deadline` (Fixed).
    [[nodiscard]] static Result<std::unique_ptr<DatabasePool>> start(DatabasePoolOptions options,
                                                                     Clock::time_point deadline);
    ~DatabasePool();  // stops
    DatabasePool(const DatabasePool&) = delete;
    DatabasePool& operator=(const DatabasePool&) = delete;

    void submit(DbJob job);
    [[nodiscard]] DatabasePoolState state() const;
    /// Answers what waits with 503, interrupts what runs, joins the threads. Idempotent.
    void stop();

private:
    explicit DatabasePool(DatabasePoolOptions options) : options_(std::move(options)) {}
    [[nodiscard]] Status open_all(Clock::time_point deadline);
    [[nodiscard]] Status connect(DatabaseConnection& connection, Clock::time_point deadline);
    [[nodiscard]] bool spawn_worker_locked();
    void serve_fixed(std::unique_ptr<DatabaseConnection> connection);
    void serve_per_request();
    void expire();
    [[nodiscard]] bool take(DbJob& job);
    [[nodiscard]] bool reconnect(DatabaseConnection& connection);
    [[nodiscard]] bool revive(DatabaseConnection& connection);
    void run_on(DatabaseConnection& connection, DbJob job);
    void run_on_new_connection(DbJob job);
    void answer_unavailable(DbJob job, const std::string& reason);
    [[nodiscard]] std::string wait_message() const;

    const DatabasePoolOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable work_;     // a job came, or stop
    std::condition_variable stopped_;  // ends pauses
    std::deque<DbJob> queue_;
    std::vector<std::thread> threads_;
    int idle_ = 0;
    int connected_ = 0;
    std::string reason_;  // why no connection is open
    bool stopping_ = false;
    std::atomic<bool> interrupted_{false};
    std::atomic<int> busy_{0};
    std::atomic<std::uint64_t> timeouts_{0};
    std::atomic<std::uint64_t> failures_{0};
};

/// {"error": "..."} with the status.
[[nodiscard]] HttpResponse json_error(int status, std::string_view message);

}  // namespace plimsoll
