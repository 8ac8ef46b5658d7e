// Coarse time-outs for many users at no cost per request. Never used for pacing.
#pragma once

#include "base/clock.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace plimsoll {

/// A wheel of 10 ms slots holding at most one live entry per item. A request only stores its
/// deadline; the entry made for an earlier request fires early, finds the new deadline and goes
/// back in, so a user that sends ten thousand requests a second enters the wheel once per turn
/// (5.12 s). Threading: one shard.
///
/// T has `Clock::time_point deadline` (time_point::max() when none) and `std::uint64_t wheel_slot`
/// (0 when not in).
template <typename T>
class TimerWheel {
public:
    static constexpr std::chrono::milliseconds kSlot{10};
    static constexpr std::uint64_t kSlots = 512;

    explicit TimerWheel(Clock::time_point start) : start_(start) {}

    /// Call when an item's deadline was set.
    void watch(T& item) {
        const std::uint64_t slot = slot_of(item.deadline);
        if (item.wheel_slot != 0 && item.wheel_slot <= slot) {
            return;
        }
        const std::uint64_t latest = now_slot_ + kSlots - 1;
        const std::uint64_t at = slot < latest ? (slot > now_slot_ ? slot : now_slot_ + 1) : latest;
        item.wheel_slot = at;
        slots_[at % kSlots].push_back(&item);
    }

    /// Turns the wheel to `now` and calls `expire(item)` for each item whose deadline has passed.
    template <typename Expire>
    void advance(Clock::time_point now, Expire&& expire) {
        if (now <= start_) {
            return;
        }
        const auto target = static_cast<std::uint64_t>(
            (now - start_) / kSlot);  // slot s holds deadlines before its end
        while (now_slot_ < target) {
            ++now_slot_;
            scratch_.swap(slots_[now_slot_ % kSlots]);
            for (T* item : scratch_) {
                if (item->wheel_slot != now_slot_) {
                    continue;  // moved to an earlier slot since
                }
                item->wheel_slot = 0;
                if (item->deadline <= now) {
                    expire(*item);
                } else if (item->deadline != Clock::time_point::max()) {
                    watch(*item);
                }
            }
            scratch_.clear();
        }
    }

private:
    [[nodiscard]] std::uint64_t slot_of(Clock::time_point at) const {
        return at <= start_ ? 1 : static_cast<std::uint64_t>((at - start_) / kSlot) + 1;
    }

    Clock::time_point start_;
    std::uint64_t now_slot_ = 0;
    std::array<std::vector<T*>, kSlots> slots_;
    std::vector<T*> scratch_;
};

}  // namespace plimsoll
