// The pool's queue: who waits, who is served next, who has waited too long.
#include "lab/database_pool.hpp"

#include "lab/json_answer.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#include <fmt/format.h>

namespace plimsoll {

using namespace std::chrono_literals;

Result<std::unique_ptr<DatabasePool>> DatabasePool::start(DatabasePoolOptions options,
                                                          Clock::time_point deadline) {
    std::unique_ptr<DatabasePool> pool(new DatabasePool(std::move(options)));
    try {
        if (pool->fixed()) {
            if (const auto status = pool->open_all(deadline); !status) {
                return status.error();
            }
        }
        const std::lock_guard lock(pool->mutex_);
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
        if (const auto status = connect(*connections.back(), deadline, true); !status) {
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
    extra_work_.notify_all();
    stopped_.notify_all();
    for (auto& job : waiting) {
        job.responder.send(json_error(503, "the service is stopping"));
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

std::deque<DbJob> DatabasePool::take_queue() {
    const std::lock_guard lock(mutex_);
    return std::exchange(queue_, {});
}

void DatabasePool::release_leaks() {
    {
        const std::lock_guard lock(mutex_);
        ++leak_round_;
    }
    stopped_.notify_all();
}

void DatabasePool::drain(Clock::time_point deadline) {
    release_leaks();
    while (busy_.load() > 0 && Clock::now() < deadline) {
        std::this_thread::sleep_for(5ms);
    }
}

DatabasePoolState DatabasePool::state() const {
    const std::lock_guard lock(mutex_);
    DatabasePoolState state;
    state.size = options_.size;
    state.overflow = fixed() ? options_.overflow : 0;
    state.busy = busy_.load();
    state.leaked = leaked_.load();
    state.connected = fixed() ? connected_ + extra_open_.load() : state.busy;
    state.waiting = queue_.size();
    state.acquires = acquires_;
    state.empty_acquires = empty_acquires_;
    state.wait_seconds = to_seconds(waited_);
    state.timeouts = timeouts_.load();
    state.failures = failures_.load();
    return state;
}

void DatabasePool::submit(DbJob job) {
    job.submitted = Clock::now();
    job.give_up = job.submitted + options_.wait_limit;
    std::unique_lock lock(mutex_);
    if (stopping_) {
        lock.unlock();
        job.responder.send(json_error(503, "the service is stopping"));
        return;
    }
    if (fixed() && connected_ == 0) {
        const std::string reason = reason_;
        lock.unlock();
        answer_unavailable(std::move(job), reason);
        return;
    }
    queue_.push_back(std::move(job));
    const std::size_t wanted = queue_.size();
    const bool for_extra = wanted > static_cast<std::size_t>(idle_);
    if (for_extra && wanted > static_cast<std::size_t>(idle_ + idle_extra_) &&
        spawn_extra_locked()) {
        return;
    }
    lock.unlock();
    work_.notify_one();
    if (for_extra) {
        extra_work_.notify_one();
    }
}

/// A thread that opens a connection per job, up to the limit; false when none could be added.
bool DatabasePool::spawn_extra_locked() {
    const int most = fixed() ? options_.overflow : options_.size;
    if (extra_threads_ >= static_cast<std::size_t>(most)) {
        return false;
    }
    try {
        threads_.emplace_back([this] { serve_extra(); });
        ++extra_threads_;
    } catch (const std::system_error&) {
        return false;  // the threads there are go on with the queue
    }
    return true;
}

void DatabasePool::account_locked(const DbJob& job) {
    // Handing a job to a thread that was idle takes well under a millisecond.
    constexpr auto kImmediately = 1ms;
    const Nanoseconds waited = Clock::now() - job.submitted;
    ++acquires_;
    waited_ += waited;
    empty_acquires_ += waited > kImmediately ? 1U : 0U;
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
    account_locked(job);
    return true;
}

/// The same for threads beside the fixed connections, which take only what those cannot.
bool DatabasePool::take_extra(DbJob& job) {
    std::unique_lock lock(mutex_);
    ++idle_extra_;
    extra_work_.wait(
        lock, [this] { return stopping_ || queue_.size() > static_cast<std::size_t>(idle_); });
    --idle_extra_;
    if (stopping_) {
        return false;
    }
    job = std::move(queue_.front());
    queue_.pop_front();
    account_locked(job);
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
    if (!fixed()) {
        return fmt::format("no worker thread of {} became free, timeout {:.2f}", options_.size,
                           seconds);
    }
    return fmt::format(
        "QueuePool limit of size {} overflow {} reached, connection timed out, timeout {:.2f}",
        options_.size, options_.overflow, seconds);
}

void DatabasePool::answer_unavailable(DbJob job, const std::string& reason) {
    ++failures_;
    job.responder.send(json_error(503, "database unavailable: " + reason));
}

}  // namespace plimsoll
