#include "signal/probe_track.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace plimsoll {

ProbeTrack::ProbeTrack(std::string probe, Nanoseconds period, Clock::time_point first)
    : probe_(std::move(probe)),
      period_(period),
      first_(first),
      last_reading_(first),
      rest_until_(first) {
    assert(period > Nanoseconds::zero());
}

Clock::time_point ProbeTrack::due(std::uint64_t slot) const noexcept {
    return first_ + period_ * static_cast<std::int64_t>(slot);
}

Clock::time_point ProbeTrack::next_due() const noexcept {
    return std::max(due(next_slot_), rest_until_);
}

Gap ProbeTrack::gap(Clock::time_point to, bool open) const {
    return {probe_, last_reading_, to, reason_, open};
}

void ProbeTrack::take(Clock::time_point now, std::string_view busy_with) {
    const auto current =
        now < first_ ? std::uint64_t{0} : static_cast<std::uint64_t>((now - first_) / period_);
    const std::uint64_t slot = std::max(current, next_slot_);
    if (slot > next_slot_ && reason_.empty()) {
        reason_ = busy_with.empty() ? "readings came too late for their turn"
                                    : "the probe thread was busy with " + std::string(busy_with);
    }
    next_slot_ = slot + 1;
    health_.expected = next_slot_;
}

std::optional<Gap> ProbeTrack::succeed(const Reading& reading) {
    std::optional<Gap> ended;
    if (!reason_.empty()) {
        health_.gaps += gap_open_ ? 0U : 1U;
        ended = gap(reading.at, false);
    }
    gap_open_ = false;
    reason_.clear();
    timeouts_in_row_ = 0;
    last_reading_ = reading.at;
    health_.up = true;
    ++health_.readings;
    health_.last_took = reading.took;
    return ended;
}

std::optional<Gap> ProbeTrack::fail(Clock::time_point now, Nanoseconds took, bool timed_out,
                                    bool rest, const std::string& reason) {
    timeouts_in_row_ = timed_out ? timeouts_in_row_ + 1 : 0;
    if (rest && timed_out) {
        rest_until_ = now + rest_after(timeouts_in_row_, took);
    }
    health_.up = false;
    health_.last_took = took;
    if (gap_open_) {
        return std::nullopt;
    }
    gap_open_ = true;
    ++health_.gaps;
    reason_ = reason;
    return gap(now, true);
}

std::optional<Gap> ProbeTrack::finish(Clock::time_point now) {
    if (now > first_) {
        const auto over = static_cast<std::uint64_t>((now - first_) / period_);
        if (over > next_slot_) {
            next_slot_ = over;
            health_.expected = over;
            if (reason_.empty()) {
                reason_ = "readings came too late for their turn";
            }
        }
    }
    if (reason_.empty()) {
        return std::nullopt;
    }
    health_.gaps += gap_open_ ? 0U : 1U;
    Gap last = gap(now, false);
    gap_open_ = false;
    reason_.clear();
    return last;
}

Nanoseconds ProbeTrack::rest_after(unsigned timeouts_in_row, Nanoseconds took) noexcept {
    constexpr Nanoseconds kLongest = std::chrono::seconds(2);
    if (timeouts_in_row == 0) {
        return Nanoseconds::zero();
    }
    const unsigned factor = timeouts_in_row > 4 ? 9U : (1U << (timeouts_in_row - 1)) - 1U;
    return std::min(took * factor, kLongest);
}

}  // namespace plimsoll
