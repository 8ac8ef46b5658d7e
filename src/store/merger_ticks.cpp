// Ticks that several segments had, as one.
#include "store/merger.hpp"
#include "store/run_reader.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace plimsoll {

Status Merger::write_ticks() {
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
            return write_errors();
        }
        if (const Status written = write_tick(heads, *tick); !written.ok()) {
            return written;
        }
    }
}

Status Merger::advance(Head& head) {
    auto next = head.cursor.next();
    if (!next) {
        return next.error();
    }
    head.tick = std::move(*next);
    return {};
}

Status Merger::write_tick(std::vector<Head>& heads, std::uint64_t number) {
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

void Merger::add_tick(const StoredTick& part, std::size_t first_shard, Nanoseconds length,
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

Status Merger::write_errors() {
    std::vector<ErrorSample> errors;
    for (const SegmentRun& run : runs_) {
        std::vector<StoredError> stored;
        Status status;
        if (!take(run.reader.errors(), stored, status)) {
            return status;
        }
        for (StoredError& error : stored) {
            const auto at = [&](double t_s) {
                return info_.start.mono +
                       std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(t_s));
            };
            error.sample.at = at(error.last_s);
            ErrorSample first = error.sample;
            first.at = at(error.first_s);
            error.sample.count = 0;  // only says when it was last seen
            errors.push_back(std::move(first));
            errors.push_back(std::move(error.sample));
        }
    }
    writer_.write_errors(errors);
    return {};
}

}  // namespace plimsoll
