#include "gather/live_merge.hpp"

#include "store/tick_sum.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {

LiveMerge::LiveMerge(const RunInfo& whole, const std::vector<std::uint32_t>& shards,
                     Nanoseconds late)
    : whole_(&whole), late_(late), parts_(shards.size()) {
    std::size_t first = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        parts_[i].shards = shards[i];
        parts_[i].first_shard = first;
        first += shards[i];
    }
}

void LiveMerge::go_on_after(std::uint64_t tick, SnapshotPtr totals) {
    next_ = tick + 1;
    before_ = std::move(totals);
}

void LiveMerge::add(std::size_t part, StoredTick tick) {
    if (tick.tick < next_) {
        // Merged without it.
        incomplete_ = std::min(incomplete_.value_or(tick.tick), tick.tick);
        return;
    }
    const std::uint64_t number = tick.tick;
    parts_[part].ticks.insert_or_assign(number, std::move(tick));
}

Clock::time_point LiveMerge::late_at(std::uint64_t tick) const {
    const auto end = whole_->start.mono + whole_->tick * static_cast<std::int64_t>(tick + 1);
    return std::max(end, patient_until_) + late_;
}

bool LiveMerge::anybody_has(std::uint64_t tick) const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const Part& part) { return part.ticks.count(tick) != 0; });
}

std::optional<LiveMerge::Merged> LiveMerge::next(Clock::time_point now) {
    const bool late = now >= late_at(next_);
    const auto any_later = std::any_of(parts_.begin(), parts_.end(),
                                       [](const Part& part) { return !part.ticks.empty(); });
    if (!any_later || (!late && !anybody_has(next_))) {
        return std::nullopt;
    }
    std::vector<std::size_t> missing;
    std::vector<TickPart> found;
    bool last = true;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const Part& part = parts_[i];
        const auto tick = part.ticks.find(next_);
        last = last && (!part.takes_part() || part.lost || part.is_over(next_ + 1));
        last = last && (part.ticks.empty() || part.ticks.rbegin()->first <= next_);
        if (tick != part.ticks.end()) {
            found.push_back({&tick->second, part.first_shard});
        } else if (part.takes_part() && !part.is_over(next_)) {
            if (!part.lost && !late) {
                return std::nullopt;
            }
            missing.push_back(i);
        }
    }
    Merged merged;
    if (!found.empty()) {
        merged.snapshot = sum_ticks(next_, found, *whole_);
        merged.snapshot->last = last;
        merged.snapshot->add_up(before_.get());
        before_ = merged.snapshot;
    }
    if (!missing.empty()) {
        merged.missing = std::move(missing);
    }
    for (Part& part : parts_) {
        part.ticks.erase(next_);
    }
    ++next_;
    // A tick that nobody had is none: the next one is.
    return merged.snapshot ? std::optional(std::move(merged)) : next(now);
}

std::optional<Clock::time_point> LiveMerge::wake_at() const {
    const bool waits = std::any_of(parts_.begin(), parts_.end(),
                                   [](const Part& part) { return !part.ticks.empty(); });
    return waits ? std::optional(late_at(next_)) : std::nullopt;
}

bool LiveMerge::finished() const {
    return std::all_of(parts_.begin(), parts_.end(), [&](const Part& part) {
        return part.ticks.empty() && (!part.takes_part() || part.lost || part.is_over(next_));
    });
}

}  // namespace plimsoll
