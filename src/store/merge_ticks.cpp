#include "store/merge_ticks.hpp"

#include "store/merge_info.hpp"
#include "store/tick_cursor.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace plimsoll {
namespace {

/// The ticks of all segments, side by side.
class TickMerger {
public:
    TickMerger(const std::vector<SegmentRun>& runs, const RunInfo& info, RunFileWriter& writer)
        : runs_(runs), info_(info), writer_(writer) {}

    Status write_ticks() {
        std::vector<Head> heads;
        std::size_t first_shard = 0;
        for (const SegmentRun& run : runs_) {
            auto cursor = run.reader.ticks();
            if (!cursor) {
                return cursor.error();
            }
            heads.push_back({std::move(*cursor), std::nullopt, first_shard});
            first_shard += run.info().shards;
            if (const Status moved = advance(heads.back()); !moved.ok()) {
                return moved;
            }
        }
        for (;;) {
            std::optional<std::uint64_t> tick;
            for (const Head& head : heads) {
                if (head.tick && (!tick || head.tick->tick < *tick)) {
                    tick = head.tick->tick;
                }
            }
            if (!tick) {
                return {};
            }
            if (const Status written = write_tick(heads, *tick); !written.ok()) {
                return written;
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

    Status write_tick(std::vector<Head>& heads, std::uint64_t number) {
        const auto sum = std::make_shared<Snapshot>();
        Nanoseconds from = Nanoseconds::max();
        Nanoseconds to{};
        for (const Head& head : heads) {
            if (head.tick && head.tick->tick == number) {
                from = std::min(from, head.tick->from);
                to = std::max(to, head.tick->to);
            }
        }
        sum->tick = number;
        sum->from = info_.start.mono + from;
        sum->to = info_.start.mono + to;
        sum->delta.resize(info_.endpoints.size());
        sum->delta_groups.resize(info_.groups.size());
        sum->delta_checks.resize(info_.checks.size());
        sum->shards.resize(info_.shards);
        sum->executors.resize(info_.executors.size());
        first_of_tick_ = true;
        for (Head& head : heads) {
            if (head.tick && head.tick->tick == number) {
                add_tick(*head.tick, head.first_shard, to - from, *sum);
                if (const Status moved = advance(head); !moved.ok()) {
                    return moved;
                }
            }
        }
        for (ExecutorState& executor : sum->executors) {
            executor.offered = rounded(executor.offered);
        }
        writer_.on_snapshot(sum);
        return {};
    }

    void add_tick(const StoredTick& part, std::size_t first_shard, Nanoseconds length,
                  Snapshot& sum) {
        for (std::size_t e = 0; e < sum.delta.size(); ++e) {
            sum.delta[e].merge(part.endpoints[e]);
        }
        for (std::size_t g = 0; g < sum.delta_groups.size(); ++g) {
            sum.delta_groups[g].merge(part.groups[g]);
        }
        for (std::size_t c = 0; c < sum.delta_checks.size(); ++c) {
            sum.delta_checks[c].merge(part.checks[c]);
        }
        if (part.last_answer) {
            sum.last_answer = std::max(sum.last_answer, info_.start.mono + *part.last_answer);
        }
        sum.delta_phases.merge(part.phases);
        sum.delta_counts.merge(part.counts);
        ShardState state = part.state;
        // Of a segment that ended within the tick, over the tick's whole length.
        state.in_flight_mean *=
            length.count() > 0 ? to_seconds(part.to - part.from) / to_seconds(length) : 1;
        sum.state.merge(state);
        for (std::size_t s = 0; s < part.shards.size(); ++s) {
            if (first_shard + s < sum.shards.size()) {
                sum.shards[first_shard + s] = part.shards[s];
            }
        }
        for (std::size_t e = 0; e < std::min(sum.executors.size(), part.executors.size()); ++e) {
            ExecutorState& executor = sum.executors[e];
            executor.offered += part.executors[e].offered;
            executor.stage = first_of_tick_ ? part.executors[e].stage
                                            : std::min(executor.stage, part.executors[e].stage);
        }
        first_of_tick_ = false;
    }

    const std::vector<SegmentRun>& runs_;
    const RunInfo& info_;
    RunFileWriter& writer_;
    bool first_of_tick_ = true;
};

}  // namespace

Status merge_ticks(const std::vector<SegmentRun>& runs, const RunInfo& whole,
                   RunFileWriter& writer) {
    return TickMerger(runs, whole, writer).write_ticks();
}

}  // namespace plimsoll
