#include "engine/aggregator.hpp"

#include "engine/recording/kept_requests.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <mutex>

namespace plimsoll {

struct Aggregator::Spares {
    std::mutex mutex;  // whoever lets a snapshot go last brings it back
    std::vector<std::unique_ptr<Snapshot>> free;
};

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

constexpr std::size_t kSpares = 4;

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
      shard_next_(run.shards, 0),
      spares_(std::make_shared<Spares>()) {}

std::shared_ptr<Snapshot> Aggregator::fresh_snapshot() {
    std::unique_ptr<Snapshot> snapshot;
    {
        const std::lock_guard lock(spares_->mutex);
        if (!spares_->free.empty()) {
            snapshot = std::move(spares_->free.back());
            spares_->free.pop_back();
        }
    }
    if (!snapshot) {
        snapshot = std::make_unique<Snapshot>();
    }
    snapshot->clear();
    snapshot->delta.resize(run_->endpoints.size());
    snapshot->delta_groups.resize(run_->groups.size());
    snapshot->delta_checks.resize(run_->checks.size());
    snapshot->shards.resize(run_->shards);
    return {snapshot.release(), [spares = spares_](Snapshot* used) {
                std::unique_ptr<Snapshot> back(used);
                const std::lock_guard lock(spares->mutex);
                if (spares->free.size() < kSpares) {
                    spares->free.push_back(std::move(back));
                }
            }};
}

Aggregator::Pending& Aggregator::pending_for(std::uint64_t tick) {
    assert(tick >= first_pending_);
    while (pending_.size() <= tick - first_pending_) {
        Pending pending;
        pending.snapshot = fresh_snapshot();
        pending.snapshot->tick = first_pending_ + pending_.size();
        pending.parts.resize(run_->shards);
        pending_.push_back(std::move(pending));
    }
    return pending_[tick - first_pending_];
}

void Aggregator::add(Interval&& interval) {
    Pending& pending = pending_for(interval.tick);
    Snapshot& snapshot = *pending.snapshot;
    if (!pending.begun && interval.endpoints.size() == snapshot.delta.size()) {
        snapshot.delta.swap(interval.endpoints);  // copying a thousand endpoints' would cost
    }
    pending.begun = true;
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
    snapshot.last_answer = std::max(snapshot.last_answer, interval.last_answer);
    snapshot.shards[interval.shard] = interval.state;
    merge_errors(snapshot.errors, interval.errors);
    snapshot.traces.insert(snapshot.traces.end(), std::make_move_iterator(interval.traces.begin()),
                           std::make_move_iterator(interval.traces.end()));
    interval.traces.clear();
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
    keep_slowest(snapshot->traces);
    snapshot->add_up(before_.get());
    before_ = snapshot;
    if (const double length_s = to_seconds(snapshot->to - snapshot->from); length_s > 0) {
        snapshot->state.in_flight_mean = pending.in_flight_area_s / length_s;
    }
    if (sockets_left_) {
        snapshot->state.sockets_left = sockets_left_(snapshot->state.connections_open);
    }
    describe_executors(pending, *snapshot);
    return snapshot;
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
