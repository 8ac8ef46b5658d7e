#include "store/tick_sum.hpp"

#include "store/merge_info.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

void add_executors(const StoredTick& part, bool first, Snapshot& sum) {
    for (std::size_t e = 0; e < std::min(sum.executors.size(), part.executors.size()); ++e) {
        ExecutorState& executor = sum.executors[e];
        executor.offered += part.executors[e].offered;
        executor.stage =
            first ? part.executors[e].stage : std::min(executor.stage, part.executors[e].stage);
    }
}

void add_state(const TickPart& part, Nanoseconds length, Snapshot& sum) {
    const StoredTick& tick = *part.tick;
    ShardState state = tick.state;
    // Of a segment that ended within the tick, over the tick's whole length.
    state.in_flight_mean *=
        length.count() > 0 ? to_seconds(tick.to - tick.from) / to_seconds(length) : 1;
    sum.state.merge(state);
    for (std::size_t s = 0; s < tick.shards.size(); ++s) {
        if (part.first_shard + s < sum.shards.size()) {
            sum.shards[part.first_shard + s] = tick.shards[s];
        }
    }
}

}  // namespace

void add_load(const TickLoad& part, TickLoad& sum) {
    for (std::size_t e = 0; e < part.endpoints.size(); ++e) {
        if (part.endpoints[e].requests != 0 || part.endpoints[e].bytes_sent != 0 ||
            part.endpoints[e].bytes_received != 0) {
            sum.endpoints[e].merge(part.endpoints[e]);
        }
    }
    for (std::size_t g = 0; g < part.groups.size(); ++g) {
        sum.groups[g].merge(part.groups[g]);
    }
    for (std::size_t c = 0; c < part.checks.size(); ++c) {
        sum.checks[c].merge(part.checks[c]);
    }
    sum.phases.merge(part.phases);
}

std::shared_ptr<Snapshot> sum_ticks(std::uint64_t number, std::span<const TickPart> parts,
                                    const RunInfo& whole) {
    TickLoad load;
    load.endpoints.resize(whole.endpoints.size());
    load.groups.resize(whole.groups.size());
    load.checks.resize(whole.checks.size());
    for (const TickPart& part : parts) {
        add_load(*part.tick, load);
    }
    return sum_ticks(number, parts, std::move(load), whole);
}

std::shared_ptr<Snapshot> sum_ticks(std::uint64_t number, std::span<const TickPart> parts,
                                    TickLoad load, const RunInfo& whole) {
    auto sum = std::make_shared<Snapshot>();
    Nanoseconds from = Nanoseconds::max();
    Nanoseconds to{};
    for (const TickPart& part : parts) {
        from = std::min(from, part.tick->from);
        to = std::max(to, part.tick->to);
    }
    sum->tick = number;
    sum->from = whole.start.mono + from;
    sum->to = whole.start.mono + to;
    sum->delta = std::move(load.endpoints);
    sum->delta_groups = std::move(load.groups);
    sum->delta_checks = std::move(load.checks);
    sum->delta_phases = std::move(load.phases);
    sum->shards.resize(whole.shards);
    sum->executors.resize(whole.executors.size());
    for (const TickPart& part : parts) {
        sum->delta_counts.merge(part.tick->counts);
        add_executors(*part.tick, &part == parts.data(), *sum);
        add_state(part, to - from, *sum);
        if (part.tick->last_answer) {
            sum->last_answer =
                std::max(sum->last_answer, whole.start.mono + *part.tick->last_answer);
        }
    }
    for (ExecutorState& executor : sum->executors) {
        executor.offered = rounded(executor.offered);
    }
    return sum;
}

}  // namespace plimsoll
