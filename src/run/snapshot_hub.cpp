#include "run/snapshot_hub.hpp"

#include <utility>

namespace plimsoll {

SnapshotHub::SnapshotHub(const RunInfo& run, std::function<void(const SnapshotPtr&)> publish,
                         Aggregator::SocketsLeft sockets_left)
    : publish_(std::move(publish)),
      aggregator_(run, std::move(sockets_left)),
      thread_([this] { work(); }) {}

SnapshotHub::~SnapshotHub() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

IntervalSink SnapshotHub::sink() {
    return [this](std::unique_ptr<Interval> interval) {
        std::unique_ptr<Interval> spare;
        {
            const std::lock_guard lock(mutex_);
            arrived_.push_back(std::move(interval));
            if (!spare_.empty()) {
                spare = std::move(spare_.back());
                spare_.pop_back();
            }
        }
        wake_.notify_one();
        return spare;
    };
}

bool SnapshotHub::finished() const {
    const std::lock_guard lock(mutex_);
    return finished_;
}

void SnapshotHub::work() {
    std::vector<std::unique_ptr<Interval>> batch;
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return stopping_ || !arrived_.empty(); });
        if (arrived_.empty()) {
            return;  // stopping, and nothing is left
        }
        batch.swap(arrived_);
        lock.unlock();
        for (const auto& interval : batch) {
            aggregator_.add(std::move(*interval));
        }
        while (const SnapshotPtr snapshot = aggregator_.next()) {
            publish_(snapshot);
        }
        const bool finished = aggregator_.finished();
        lock.lock();
        finished_ = finished;
        for (auto& interval : batch) {
            spare_.push_back(std::move(interval));
        }
        batch.clear();
    }
}

}  // namespace plimsoll
