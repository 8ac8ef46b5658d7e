#include "lab/database_pool.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr auto kShortestPause = 50ms;
constexpr auto kLongestPause = 1000ms;

/// Counts a job as running as long as it lives.
class Busy {
public:
    explicit Busy(std::atomic<int>& count) : count_(count) { ++count_; }
    ~Busy() { --count_; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

private:
    std::atomic<int>& count_;
};

}  // namespace

HttpResponse json_error(int status, std::string_view message) {
    const boost::json::string text(message.data(), message.size());
    return make_response(status, "application/json",
                         "{\"error\":" + boost::json::serialize(text) + "}");
}

Result<std::unique_ptr<DatabasePool>> DatabasePool::start(DatabasePoolOptions options,
                                                          Clock::time_point deadline) {
    std::unique_ptr<DatabasePool> pool(new DatabasePool(std::move(options)));
    try {
        if (pool->options_.mode == DatabasePoolOptions::Mode::Fixed) {
            if (const auto status = pool->open_all(deadline); !status) {
                return status.error();
            }
        }
        pool->threads_.emplace_back([raw = pool.get()] { raw->expire(); });
    } catch (const std::system_error& failure) {
        return Error{std::string("no thread could be started: ") + failure.what(), "lab", {}};
    }
    return pool;
}

Status DatabasePool::open_all(Clock::time_point deadline) {
    std::vector<std::unique_ptr<DatabaseConnection>> connections;
    for (int i = 0; i < options_.size; ++i) {
        connections.push_back(std::make_unique<DatabaseConnection>(&interrupted_));
        if (const auto status = connect(*connections.back(), deadline); !status) {
            return Error{fmt::format("connection {} of {} could not be opened: {}", i + 1,
                                     options_.size, status.error().what),
                         "lab's database pool", "is max_connections large enough?"};
        }
    }
    connected_ = options_.size;
    for (auto& connection : connections) {
        threads_.emplace_back(
            [this, owned = std::move(connection)]() mutable { serve_fixed(std::move(owned)); });
    }
    return {};
}

DatabasePool::~DatabasePool() {
    stop();
}

void DatabasePool::stop() {
    std::deque<DbJob> waiting;
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        waiting.swap(queue_);
        threads.swap(threads_);
    }
    interrupted_.store(true);
    work_.notify_all();
    stopped_.notify_all();
    for (auto& job : waiting) {
        job.responder.send(json_error(503, "the service is stopping"));
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

DatabasePoolState DatabasePool::state() const {
    const std::lock_guard lock(mutex_);
    DatabasePoolState state;
    state.size = options_.size;
    state.busy = busy_.load();
    state.connected = options_.mode == DatabasePoolOptions::Mode::Fixed ? connected_ : state.busy;
    state.waiting = queue_.size();
    state.timeouts = timeouts_.load();
    state.failures = failures_.load();
    return state;
}

void DatabasePool::submit(DbJob job) {
    job.give_up = Clock::now() + options_.wait_limit;
    std::unique_lock lock(mutex_);
    if (stopping_) {
        lock.unlock();
        job.responder.send(json_error(503, "the service is stopping"));
        return;
    }
    if (options_.mode == DatabasePoolOptions::Mode::Fixed && connected_ == 0) {
        const std::string reason = reason_;
        lock.unlock();
        answer_unavailable(std::move(job), reason);
        return;
    }
    queue_.push_back(std::move(job));
    if (options_.mode == DatabasePoolOptions::Mode::PerRequest &&
        static_cast<std::size_t>(idle_) < queue_.size() && spawn_worker_locked()) {
        return;
    }
    lock.unlock();
    work_.notify_one();
}

/// A thread for PerRequest, up to the limit; false when none could be added.
bool DatabasePool::spawn_worker_locked() {
    if (threads_.size() > static_cast<std::size_t>(options_.size)) {  // one more: the timer's
        return false;
    }
    try {
        threads_.emplace_back([this] { serve_per_request(); });
    } catch (const std::system_error&) {
        return false;  // the threads there are go on with the queue
    }
    return true;
}

/// Waits for the next job; false when stopping.
bool DatabasePool::take(DbJob& job) {
    std::unique_lock lock(mutex_);
    ++idle_;
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) {
        return false;
    }
    job = std::move(queue_.front());
    queue_.pop_front();
    return true;
}

/// Answers jobs that have waited too long. All wait equally long, so the front of the queue is
/// always the next to expire, and a job that comes while this sleeps cannot expire before it wakes.
void DatabasePool::expire() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto now = Clock::now();
        if (queue_.empty()) {
            stopped_.wait_until(lock, now + options_.wait_limit);
            continue;
        }
        if (queue_.front().give_up > now) {
            const auto until = queue_.front().give_up;
            stopped_.wait_until(lock, until);
            continue;
        }
        DbJob job = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        ++timeouts_;
        job.responder.send(json_error(503, wait_message()));
        lock.lock();
    }
}

std::string DatabasePool::wait_message() const {
    const double seconds = to_seconds(options_.wait_limit);
    if (options_.mode == DatabasePoolOptions::Mode::PerRequest) {
        return fmt::format("no worker thread of {} became free, timeout {:.2f}", options_.size,
                           seconds);
    }
    return fmt::format(
        "QueuePool limit of size {} overflow 0 reached, connection timed out, timeout {:.2f}",
        options_.size, seconds);
}

void DatabasePool::answer_unavailable(DbJob job, const std::string& reason) {
    ++failures_;
    job.responder.send(json_error(503, "database unavailable: " + reason));
}

Status DatabasePool::connect(DatabaseConnection& connection, Clock::time_point deadline) {
    if (const auto status =
            connection.connect(options_.dsn, deadline, options_.application_name.c_str());
        !status) {
        return status;
    }
    if (options_.mode == DatabasePoolOptions::Mode::PerRequest) {
        return {};
    }
    for (const DbStatement& statement : options_.statements) {
        const auto status = connection.prepare(statement.name, statement.sql, deadline);
        if (!status) {
            connection.close();
            return status;
        }
    }
    return {};
}

// ---- Fixed

void DatabasePool::serve_fixed(std::unique_ptr<DatabaseConnection> connection) {
    DbJob job;
    while (take(job)) {
        // The server may have closed it while it was idle, as after a restart.
        if (!connection->usable() && !revive(*connection)) {
            std::string reason;
            {
                const std::lock_guard lock(mutex_);
                reason = reason_;
            }
            answer_unavailable(std::move(job), reason);
        } else {
            run_on(*connection, std::move(job));
        }
        job = DbJob{};
        if (!connection->usable() && !reconnect(*connection)) {
            return;
        }
    }
}

/// One quick attempt, on behalf of a job that waits for it. On failure the connection counts as
/// gone.
bool DatabasePool::revive(DatabaseConnection& connection) {
    const auto status = connect(connection, Clock::now() + options_.connect_limit);
    if (!status) {
        connection.close();
        const std::lock_guard lock(mutex_);
        reason_ = status.error().what;
    }
    return status.ok();
}

void DatabasePool::run_on(DatabaseConnection& connection, DbJob job) {
    const Busy busy(busy_);
    auto cell = connection.run_prepared(job.statement->name, job.parameters,
                                        Clock::now() + options_.statement_limit);
    if (cell) {
        job.responder.send(job.render(std::move(cell).value()));
    } else if (connection.usable()) {
        job.responder.send(json_error(500, cell.error().what));
    } else {
        ++failures_;
        job.responder.send(json_error(503, "database connection lost: " + cell.error().what));
        const std::lock_guard lock(mutex_);
        reason_ = cell.error().what;
    }
}

/// Tries until there is a connection; false when stopping. Meanwhile this thread takes no job.
bool DatabasePool::reconnect(DatabaseConnection& connection) {
    std::deque<DbJob> stranded;
    std::string reason;
    {
        const std::lock_guard lock(mutex_);
        if (--connected_ == 0) {
            stranded.swap(queue_);  // nobody is left to serve them
        }
        reason = reason_;
    }
    for (auto& job : stranded) {
        answer_unavailable(std::move(job), reason);
    }
    auto pause = kShortestPause;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (stopped_.wait_for(lock, pause, [this] { return stopping_; })) {
                return false;
            }
        }
        const auto status = connect(connection, Clock::now() + options_.connect_limit);
        const std::lock_guard lock(mutex_);
        if (status) {
            ++connected_;
            return true;
        }
        reason_ = status.error().what;
        pause = std::min(pause * 2, kLongestPause);
    }
}

// ---- PerRequest

void DatabasePool::serve_per_request() {
    DbJob job;
    while (take(job)) {
        run_on_new_connection(std::move(job));
        job = DbJob{};
    }
}

void DatabasePool::run_on_new_connection(DbJob job) {
    const Busy busy(busy_);
    DatabaseConnection connection(&interrupted_);
    const auto opened = connect(connection, Clock::now() + options_.connect_limit);
    if (!opened) {
        answer_unavailable(std::move(job), opened.error().what);
        return;
    }
    auto cell =
        connection.run(job.statement->sql, job.parameters, Clock::now() + options_.statement_limit);
    const bool lost = !connection.usable();
    connection.close();
    if (cell) {
        job.responder.send(job.render(std::move(cell).value()));
    } else if (lost) {
        ++failures_;
        job.responder.send(json_error(503, "database connection lost: " + cell.error().what));
    } else {
        job.responder.send(json_error(500, cell.error().what));
    }
}

}  // namespace plimsoll
