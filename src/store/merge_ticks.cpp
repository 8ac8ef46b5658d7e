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
            heads_.push_back({std::move(*cursor), std::nullopt, first_shard});
            first_shard += run.info().shards;
            if (const Status moved = advance(heads_.back()); !moved.ok()) {
                return moved;
            }
        }
        for (;;) {
            std::optional<std::uint64_t> tick;
            for (const Head& head : heads_) {
                if (head.tick && (!tick || head.tick->tick < *tick)) {
                    tick = head.tick->tick;
                }
            }
            if (!tick) {
                return {};
            }
            if (const Status added = add_up(*tick); !added.ok()) {
                return added;
            }
        }
    }

private:
    struct Head {
        TickCursor cursor;
        std::optional<StoredTick> tick;
        std::size_t first_shard;
    };

    static Status advance(Head& head) {
        auto next = head.cursor.next();
        if (!next) {
            return next.error();
        }
        head.tick = std::move(*next);
        return {};
    }

    Status add_up(std::uint64_t number) {
        std::vector<TickPart> parts;
        for (const Head& head : heads_) {
            if (head.tick && head.tick->tick == number) {
                parts.push_back({&*head.tick, head.first_shard});
            }
        }
        visit_(sum_ticks(number, parts, info_));
        for (Head& head : heads_) {
            if (head.tick && head.tick->tick == number) {
                if (const Status moved = advance(head); !moved.ok()) {
                    return moved;
                }
            }
        }
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
