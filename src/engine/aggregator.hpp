// Merges the shards' intervals into one Snapshot per tick.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace plimsoll {

/// Pure: no thread and no clock of its own. Feed it intervals in any order between shards (in order
/// within each).
class Aggregator {
public:
    /// Says how many more connections the process could open, from how many are open.
    using SocketsLeft = std::function<std::uint64_t(std::uint32_t connections_open)>;

    explicit Aggregator(const RunInfo& run, SocketsLeft sockets_left = {});

    /// Takes one interval.
    void add(const Interval& interval);
    /// The snapshot of the oldest tick, once every shard that still runs has handed in its part;
    /// else nullptr. Call until it returns nullptr.
    [[nodiscard]] SnapshotPtr next();
    [[nodiscard]] bool finished() const noexcept { return finished_; }

private:
    struct Pending {
        std::shared_ptr<Snapshot> snapshot;
        double in_flight_area_s = 0;  // over the shards: each one's mean · its own length
        std::vector<std::vector<PartState>> parts;  // by shard, as handed in
    };
    [[nodiscard]] Pending& pending_for(std::uint64_t tick);
    /// The totals of the latest snapshot and what this one adds.
    void add_totals(Snapshot& snapshot) const;
    void describe_executors(const Pending& pending, Snapshot& snapshot);
    /// No shard begins any more iterations of it.
    [[nodiscard]] bool is_over(const Pending& pending, std::size_t executor) const;

    const RunInfo* run_;
    SocketsLeft sockets_left_;
    std::deque<Pending> pending_;  // front is tick `first_pending_`
    std::uint64_t first_pending_ = 0;
    std::vector<bool> shard_done_;
    std::vector<std::uint64_t> shard_next_;  // the tick each shard hands in next
    SnapshotPtr latest_;  // holds the totals so far: they are large, and one copy of them is enough
    std::vector<bool> over_;  // executors that were over at the end of the latest tick
    bool finished_ = false;
};

/// What the schedule asks of an executor at `offset`: arrivals per second, or users; 0 outside its
/// stages.
[[nodiscard]] ExecutorState state_at(const ExecutorInfo& executor, Nanoseconds offset);

}  // namespace plimsoll
