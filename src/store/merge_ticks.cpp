#include "store/merge_ticks.hpp"

#include "store/tick_cursor.hpp"
#include "store/tick_sum.hpp"

#include <optional>
#include <utility>

namespace plimsoll {
namespace {

/// The ticks of all segments, side by side.
class TickMerger {
public:
    using Visit = std::function<void(std::shared_ptr<Snapshot>)>;
    TickMerger(const std::vector<SegmentRun>& runs, const RunInfo& info, const Visit& visit)
        : runs_(runs), info_(info), visit_(visit) {}

    Status run() {
        std::size_t first_shard = 0;
        for (const SegmentRun& run : runs_) {
            auto cursor = run.reader.ticks();
            if (!cursor) {
                return cursor.error();
            }
            heads_.push_back({std::move(*cursor), first_shard});
            first_shard += run.info().shards;
        }
        while (const auto tick = lowest()) {
            if (const Status added = add_up(*tick); !added.ok()) {
                return added;
            }
        }
        return {};
    }

private:
    struct Head {
        TickCursor cursor;
        std::size_t first_shard;
    };

    /// Of the ticks that come next; nullopt after the last of all.
    [[nodiscard]] std::optional<std::uint64_t> lowest() const {
        std::optional<std::uint64_t> tick;
        for (const Head& head : heads_) {
            const auto next = head.cursor.number();
            if (next && (!tick || *next < *tick)) {
                tick = next;
            }
        }
        return tick;
    }

    Status add_up(std::uint64_t number) {
        TickLoad load;
        std::vector<StoredTick> ticks;
        ticks.reserve(heads_.size());  // `parts` point into it
        std::vector<TickPart> parts;
        for (Head& head : heads_) {
            if (head.cursor.number() != number) {
                continue;
            }
            auto tick = head.cursor.next_onto(load);
            if (!tick) {
                return tick.error();
            }
            ticks.push_back(std::move(*tick));
            parts.push_back({&ticks.back(), head.first_shard});
        }
        visit_(sum_ticks(number, parts, std::move(load), info_));
        return {};
    }

    const std::vector<SegmentRun>& runs_;
    const RunInfo& info_;
    const Visit& visit_;
    std::vector<Head> heads_;
};

}  // namespace

Status for_each_sum(const std::vector<SegmentRun>& runs, const RunInfo& whole,
                    const std::function<void(std::shared_ptr<Snapshot>)>& visit) {
    return TickMerger(runs, whole, visit).run();
}

Status merge_ticks(const std::vector<SegmentRun>& runs, const RunInfo& whole,
                   RunFileWriter& writer) {
    return for_each_sum(
        runs, whole, [&writer](const std::shared_ptr<Snapshot>& sum) { writer.on_snapshot(sum); });
}

}  // namespace plimsoll
