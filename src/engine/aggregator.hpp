// Merges the shards' intervals into one Snapshot per tick.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"

#include <deque>
#include <memory>
#include <vector>

namespace plimsoll {

/// Pure: no thread and no clock of its own. Feed it intervals in any order between shards (in order
/// within each).
class Aggregator {
public:
    explicit Aggregator(const RunInfo& run);

    /// Takes one interval.
    void add(const Interval& interval);
    /// The snapshot of the oldest tick, once every shard that still runs has handed in its part;
    /// else nullptr. Call until it returns nullptr.
    [[nodiscard]] SnapshotPtr next();
    [[nodiscard]] bool finished() const noexcept { return finished_; }

private:
    struct Pending {
        std::shared_ptr<Snapshot> snapshot;
        std::uint32_t parts = 0;
    };
    [[nodiscard]] Pending& pending_for(std::uint64_t tick);
    void describe_executors(Snapshot& snapshot) const;

    const RunInfo* run_;
    std::deque<Pending> pending_;  // front is tick `first_pending_`
    std::uint64_t first_pending_ = 0;
    std::vector<bool> shard_done_;
    std::vector<std::uint64_t> shard_next_;  // the tick each shard hands in next
    std::vector<EndpointStats> total_;
    std::vector<GroupStats> total_groups_;
    std::vector<CheckCount> total_checks_;
    PhaseStats total_phases_;
    LoadCounts total_counts_;
    bool finished_ = false;
};

/// What the schedule asks of an executor at `offset`: arrivals per second, or users; 0 outside its
/// stages.
[[nodiscard]] ExecutorState state_at(const ExecutorInfo& executor, Nanoseconds offset);

}  // namespace plimsoll
