// The ticks of a run's segments as they come, added up as soon as they are there.
#pragma once

#include "base/clock.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "store/run_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace plimsoll {

/// The same sums as merging run files afterwards (sum_ticks). Pure: told what time it is.
class LiveMerge {
public:
    /// `shards`: of each segment, in order; 0 for one that does not take part. A tick waits for a
    /// segment until `late` after its own end. `whole` outlives it; its start counts.
    LiveMerge(const RunInfo& whole, const std::vector<std::uint32_t>& shards, Nanoseconds late);

    /// After a time in which nobody could be heard, nobody is late before `time`.
    void wait_at_least_until(Clock::time_point time) { patient_until_ = time; }
    /// Goes on after `tick`, with the totals up to it.
    void go_on_after(std::uint64_t tick, SnapshotPtr totals);

    void add(std::size_t part, StoredTick tick);
    /// It has no ticks after `last_tick` (-1: none at all).
    void over(std::size_t part, std::int64_t last_tick) { parts_[part].over = last_tick; }
    /// Nobody waits for it until it is found again.
    void lose(std::size_t part) { parts_[part].lost = true; }
    void find(std::size_t part) { parts_[part].lost = false; }

    struct Merged {
        std::shared_ptr<Snapshot> snapshot;  // with totals
        std::vector<std::size_t> missing;    // parts that should have been in it
    };
    /// The oldest tick that need not wait any longer. Call until there is none.
    [[nodiscard]] std::optional<Merged> next(Clock::time_point now);
    /// When `next` should be asked again, though nothing came; nothing: not at all.
    [[nodiscard]] std::optional<Clock::time_point> wake_at() const;
    /// Nobody has, or will have, a tick that was not merged.
    [[nodiscard]] bool finished() const;
    /// The first tick that was merged without a part of it, which may have come since.
    [[nodiscard]] std::optional<std::uint64_t> first_incomplete() const { return incomplete_; }

private:
    struct Part {
        std::uint32_t shards = 0;
        std::size_t first_shard = 0;
        bool lost = false;
        std::optional<std::int64_t> over;
        std::map<std::uint64_t, StoredTick> ticks;
        [[nodiscard]] bool takes_part() const { return shards > 0; }
        [[nodiscard]] bool is_over(std::uint64_t tick) const {
            return over && *over < static_cast<std::int64_t>(tick);
        }
    };
    [[nodiscard]] Clock::time_point late_at(std::uint64_t tick) const;
    [[nodiscard]] bool anybody_has(std::uint64_t tick) const;

    const RunInfo* whole_;
    Nanoseconds late_;
    std::vector<Part> parts_;
    std::uint64_t next_ = 0;
    Clock::time_point patient_until_;
    SnapshotPtr before_;
    std::optional<std::uint64_t> incomplete_;
};

}  // namespace plimsoll
