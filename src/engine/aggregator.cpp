#include "engine/aggregator.hpp"

#include <algorithm>
#include <cassert>

namespace plimsoll {
namespace {

void merge_errors(std::vector<ErrorSample>& into, const std::vector<ErrorSample>& from) {
    for (const ErrorSample& error : from) {
        const auto known = std::find_if(into.begin(), into.end(), [&](const ErrorSample& each) {
            return each.fingerprint == error.fingerprint && each.endpoint == error.endpoint &&
                   each.outcome == error.outcome && each.status == error.status;
        });
        if (known == into.end()) {
            into.push_back(error);
        } else {
            known->count += error.count;
            known->at = std::min(known->at, error.at);
        }
    }
}

void add_checks(std::vector<CheckCount>& into, const std::vector<CheckCount>& from) {
    for (std::size_t i = 0; i < from.size(); ++i) {
        into[i].passed += from[i].passed;
        into[i].failed += from[i].failed;
    }
}

}  // namespace

ExecutorState state_at(const ExecutorInfo& executor, Nanoseconds offset) {
    double from_value = executor.start_value;
    for (std::uint32_t i = 0; i < executor.stages.size(); ++i) {
        const StageInfo& stage = executor.stages[i];
        if (offset < stage.from) {
            return {i, 0};
        }
        if (offset < stage.to) {
            const double share = static_cast<double>((offset - stage.from).count()) /
                                 static_cast<double>((stage.to - stage.from).count());
            return {i, from_value + (stage.target - from_value) * share};
        }
        from_value = stage.target;
    }
    return {static_cast<std::uint32_t>(executor.stages.size()), 0};
}

Aggregator::Aggregator(const RunInfo& run, SocketsLeft sockets_left)
    : run_(&run),
      sockets_left_(std::move(sockets_left)),
      shard_done_(run.shards, false),
      shard_next_(run.shards, 0) {}

Aggregator::Pending& Aggregator::pending_for(std::uint64_t tick) {
    assert(tick >= first_pending_);
    while (pending_.size() <= tick - first_pending_) {
        Pending pending;
        pending.snapshot = std::make_shared<Snapshot>();
        pending.snapshot->tick = first_pending_ + pending_.size();
        pending.snapshot->delta.resize(run_->endpoints.size());
        pending.snapshot->delta_groups.resize(run_->groups.size());
        pending.snapshot->delta_checks.resize(run_->checks.size());
        pending.snapshot->shards.resize(run_->shards);
        pending.parts.resize(run_->shards);
        pending_.push_back(std::move(pending));
    }
    return pending_[tick - first_pending_];
}

void Aggregator::add(const Interval& interval) {
    Pending& pending = pending_for(interval.tick);
    Snapshot& snapshot = *pending.snapshot;
    for (std::size_t i = 0; i < interval.endpoints.size(); ++i) {
        if (interval.endpoints[i].requests != 0) {
            snapshot.delta[i].merge(interval.endpoints[i]);
        }
    }
    for (std::size_t i = 0; i < interval.groups.size(); ++i) {
        snapshot.delta_groups[i].merge(interval.groups[i]);
    }
    add_checks(snapshot.delta_checks, interval.checks);
    snapshot.delta_phases.merge(interval.phases);
    snapshot.delta_counts.merge(interval.counts);
    snapshot.state.merge(interval.state);
    snapshot.shards[interval.shard] = interval.state;
    merge_errors(snapshot.errors, interval.errors);
    snapshot.traces.insert(snapshot.traces.end(), interval.traces.begin(), interval.traces.end());
    snapshot.to = std::max(snapshot.to, interval.to);
    const auto from = run_->start.mono + run_->tick * interval.tick;
    pending.in_flight_area_s += interval.state.in_flight_mean * to_seconds(interval.to - from);
    pending.parts[interval.shard] = interval.parts;
    shard_next_[interval.shard] = interval.tick + 1;
    shard_done_[interval.shard] = interval.last;
}

SnapshotPtr Aggregator::next() {
    if (pending_.empty()) {
        return nullptr;
    }
    for (std::size_t shard = 0; shard < shard_done_.size(); ++shard) {
        if (!shard_done_[shard] && shard_next_[shard] <= first_pending_) {
            return nullptr;
        }
    }
    const Pending pending = std::move(pending_.front());
    const std::shared_ptr<Snapshot>& snapshot = pending.snapshot;
    pending_.pop_front();
    ++first_pending_;
    snapshot->from = run_->start.mono + run_->tick * snapshot->tick;
    snapshot->last = pending_.empty() && std::all_of(shard_done_.begin(), shard_done_.end(),
                                                     [](bool done) { return done; });
    finished_ = snapshot->last;
    add_totals(*snapshot);
    latest_ = snapshot;
    if (const double length_s = to_seconds(snapshot->to - snapshot->from); length_s > 0) {
        snapshot->state.in_flight_mean = pending.in_flight_area_s / length_s;
    }
    if (sockets_left_) {
        snapshot->state.sockets_left = sockets_left_(snapshot->state.connections_open);
    }
    describe_executors(pending, *snapshot);
    return snapshot;
}

void Aggregator::add_totals(Snapshot& snapshot) const {
    if (latest_) {
        snapshot.total = latest_->total;
        snapshot.total_groups = latest_->total_groups;
        snapshot.total_checks = latest_->total_checks;
        snapshot.total_phases = latest_->total_phases;
        snapshot.total_counts = latest_->total_counts;
        snapshot.total_late_sends = latest_->total_late_sends;
    } else {
        snapshot.total.resize(run_->endpoints.size());
        snapshot.total_groups.resize(run_->groups.size());
        snapshot.total_checks.resize(run_->checks.size());
    }
    for (std::size_t i = 0; i < snapshot.total.size(); ++i) {
        snapshot.total[i].merge(snapshot.delta[i]);
    }
    for (std::size_t i = 0; i < snapshot.total_groups.size(); ++i) {
        snapshot.total_groups[i].merge(snapshot.delta_groups[i]);
    }
    add_checks(snapshot.total_checks, snapshot.delta_checks);
    snapshot.total_phases.merge(snapshot.delta_phases);
    snapshot.total_counts.merge(snapshot.delta_counts);
    snapshot.total_late_sends += snapshot.state.late_sends;
}

bool Aggregator::is_over(const Pending& pending, std::size_t executor) const {
    bool known = false;
    for (std::size_t shard = 0; shard < pending.parts.size(); ++shard) {
        const auto& parts = pending.parts[shard];
        if (executor < parts.size()) {
            known = true;
            if (!parts[executor].over) {
                return false;
            }
        } else if (!shard_done_[shard]) {
            return false;
        }
    }
    return known;
}

void Aggregator::describe_executors(const Pending& pending, Snapshot& snapshot) {
    // The middle of the tick: at its end the last tick of a stage would already show the next one.
    const Nanoseconds middle =
        (snapshot.from - run_->start.mono) + (snapshot.to - snapshot.from) / 2;
    over_.resize(run_->executors.size(), false);
    for (std::size_t i = 0; i < run_->executors.size(); ++i) {
        const ExecutorInfo& executor = run_->executors[i];
        ExecutorState state = state_at(executor, middle);
        const bool ended = state.stage == executor.stages.size();
        std::uint32_t steps = 0;
        double level = 0;
        for (const auto& parts : pending.parts) {
            if (i < parts.size()) {
                steps = std::max(steps, parts[i].steps);
                level += parts[i].level;
            }
        }
        if (steps > 0) {
            state = {2 * steps + (ended ? 1U : 0U), ended ? 0 : level};
        }
        if (over_[i] && !ended) {  // since before this tick, earlier than planned
            const auto last = static_cast<std::uint32_t>(executor.stages.size()) - 1;
            state = {std::max(2 * steps, last) + 1, 0};
        }
        over_[i] = over_[i] || is_over(pending, i);
        snapshot.executors.push_back(state);
    }
}

}  // namespace plimsoll
