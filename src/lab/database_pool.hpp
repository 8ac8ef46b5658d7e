// Private to lab: the service's connections and the requests that wait for one.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/database_connection.hpp"
#include "lab/database_session.hpp"
#include "net/http_server.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll {

/// One request's database work. The pool answers an Error itself: 500 for a failed statement, 503
/// for a lost connection. `work` must not throw.
struct DbJob {
    std::function<Result<HttpResponse>(DatabaseSession&)> work;
    Responder responder;
    Clock::time_point submitted;  // set by submit, as is:
    Clock::time_point give_up;
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
    int overflow = 0;  // Fixed: connections beyond `size`, opened for one job each while all work
    Nanoseconds wait_limit = std::chrono::seconds(2);  // for a connection; then 503
    Nanoseconds connect_limit = std::chrono::seconds(5);
    Nanoseconds statement_limit = std::chrono::seconds(60);
    /// Prepared on every fixed connection; must outlive the pool. Leave empty behind a PgBouncer in
    /// transaction mode, which does not carry prepared statements over.
    std::span<const DbStatement> statements;
};

struct DatabasePoolState {
    int size = 0;       // connections (Fixed) or the most threads (PerRequest)
    int overflow = 0;   // as in the options
    int connected = 0;  // open now; for PerRequest those at work
    int busy = 0;       // at work or leaked
    int leaked = 0;
    std::size_t waiting = 0;
    std::uint64_t acquires = 0;        // jobs that got a connection or a thread
    std::uint64_t empty_acquires = 0;  // of those, the ones that had to wait for it
    double wait_seconds = 0;           // all these waits together
    std::uint64_t timeouts = 0;        // jobs that waited too long
    std::uint64_t failures = 0;        // jobs answered 503 for want of a connection
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
    [[nodiscard]] const DatabasePoolOptions& options() const { return options_; }
    /// Rolls leaked connections back and puts them to work again.
    void release_leaks();
    /// Before a pool is replaced: takes out what waits, for another pool.
    [[nodiscard]] std::deque<DbJob> take_queue();
    /// Releases leaks and waits until no job runs, or the deadline.
    void drain(Clock::time_point deadline);
    /// Answers what waits with 503, interrupts what runs, joins the threads. Idempotent.
    void stop();

private:
    explicit DatabasePool(DatabasePoolOptions options) : options_(std::move(options)) {}
    [[nodiscard]] bool fixed() const { return options_.mode == DatabasePoolOptions::Mode::Fixed; }
    [[nodiscard]] Status open_all(Clock::time_point deadline);
    [[nodiscard]] Status connect(DatabaseConnection& connection, Clock::time_point deadline,
                                 bool prepare);
    [[nodiscard]] bool spawn_extra_locked();
    void serve_fixed(std::unique_ptr<DatabaseConnection> connection);
    void serve_extra();
    void expire();
    [[nodiscard]] bool take(DbJob& job);
    [[nodiscard]] bool take_extra(DbJob& job);
    void account_locked(const DbJob& job);
    [[nodiscard]] bool reconnect(DatabaseConnection& connection);
    [[nodiscard]] bool revive(DatabaseConnection& connection);
    void run_on(DatabaseConnection& connection, DbJob job, bool prepared);
    void park(DatabaseConnection& connection);
    void run_on_new_connection(DbJob job);
    void answer_unavailable(DbJob job, const std::string& reason);
    [[nodiscard]] std::string wait_message() const;

    const DatabasePoolOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable work_;        // a job came, or stop: for the fixed connections
    std::condition_variable extra_work_;  // the same for threads that open a connection per job
    std::condition_variable stopped_;     // ends pauses and leaks
    std::deque<DbJob> queue_;
    std::vector<std::thread> threads_;
    std::size_t extra_threads_ = 0;
    int idle_ = 0;        // fixed connections without work
    int idle_extra_ = 0;  // threads without work
    int connected_ = 0;   // fixed connections
    std::uint64_t leak_round_ = 0;
    std::uint64_t acquires_ = 0;
    std::uint64_t empty_acquires_ = 0;
    Nanoseconds waited_{0};
    std::string reason_;  // why no connection is open
    bool stopping_ = false;
    std::atomic<bool> interrupted_{false};
    std::atomic<int> busy_{0};
    std::atomic<int> extra_open_{0};
    std::atomic<int> leaked_{0};
    std::atomic<std::uint64_t> timeouts_{0};
    std::atomic<std::uint64_t> failures_{0};
};

}  // namespace plimsoll
