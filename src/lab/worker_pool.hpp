// Private to lab: threads for work that must not run on an HTTP thread.
#pragma once

#include "base/clock.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

namespace plimsoll {

/// Runs tasks on a fixed number of threads, each not before its time, else first in first out.
/// Threading: post from any thread. Tasks must not throw.
class WorkerPool {
public:
    using Task = std::function<void()>;

    explicit WorkerPool(int threads);
    ~WorkerPool();  // stops
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    void post(Task task, Clock::time_point not_before = Clock::time_point::min());
    /// Drops what waits, lets what runs finish, joins. Idempotent.
    void stop();

private:
    struct Entry {
        Clock::time_point at;
        std::uint64_t order;
        mutable Task task;  // a priority_queue shows its top as const only
        bool operator<(const Entry& other) const {
            return std::pair(at, order) > std::pair(other.at, other.order);
        }
    };
    void serve();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::priority_queue<Entry> queue_;
    std::uint64_t next_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace plimsoll
