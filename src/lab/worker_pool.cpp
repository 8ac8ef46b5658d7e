#include "lab/worker_pool.hpp"

#include <algorithm>

namespace plimsoll {

WorkerPool::WorkerPool(int threads) {
    for (int i = 0; i < std::max(1, threads); ++i) {
        threads_.emplace_back([this] { serve(); });
    }
}

WorkerPool::~WorkerPool() {
    stop();
}

void WorkerPool::post(Task task, Clock::time_point not_before) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            return;
        }
        // What may run at once waits behind nothing but what may run at once.
        queue_.push({std::max(not_before, Clock::time_point{}), next_++, std::move(task)});
    }
    changed_.notify_one();
}

void WorkerPool::stop() {
    std::vector<std::thread> threads;
    std::priority_queue<Entry> dropped;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        threads.swap(threads_);
        queue_.swap(dropped);
    }
    changed_.notify_all();
    for (auto& thread : threads) {
        thread.join();
    }
}

void WorkerPool::serve() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (queue_.empty()) {
            changed_.wait(lock);
            continue;
        }
        if (queue_.top().at > Clock::now()) {
            const auto until = queue_.top().at;
            changed_.wait_until(lock, until);
            continue;
        }
        const Task task = std::move(queue_.top().task);
        queue_.pop();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace plimsoll
