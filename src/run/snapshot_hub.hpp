// The aggregator thread: shards' intervals in, snapshots out.
#pragma once

#include "engine/aggregator.hpp"
#include "engine/recording/recorder.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace plimsoll {

/// Threading: `sink` is called on shard threads and holds a lock only to move a pointer; `publish`
/// is called on the hub's own thread.
class SnapshotHub {
public:
    /// `run` must outlive the hub.
    SnapshotHub(const RunInfo& run, std::function<void(const SnapshotPtr&)> publish,
                Aggregator::SocketsLeft sockets_left = {});
    ~SnapshotHub();
    SnapshotHub(const SnapshotHub&) = delete;
    SnapshotHub& operator=(const SnapshotHub&) = delete;

    [[nodiscard]] IntervalSink sink();
    /// Whether the last snapshot has been published.
    [[nodiscard]] bool finished() const;

private:
    void work();

    std::function<void(const SnapshotPtr&)> publish_;
    Aggregator aggregator_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::unique_ptr<Interval>> arrived_;
    std::vector<std::unique_ptr<Interval>> spare_;  // cleared by the shard that takes one
    bool finished_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace plimsoll
