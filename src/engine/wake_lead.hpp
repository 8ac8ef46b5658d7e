// How long before a due time a shard must stop sleeping, so that it is awake at it.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace plimsoll {

/// Follows the third quartile of how late this machine's timers end a sleep: a sleep that ends so
/// much early leaves little to wait for awake, and what a wake-up costs anyway bounds that
/// (docs/decisions/0013). Each sleep moves it by a fixed step, three times as far up as down, so
/// that it rests where a quarter of the sleeps end later (Robbins and Monro 1951). Threading: one
/// shard's.
class WakeLead {
public:
    [[nodiscard]] Nanoseconds get() const noexcept { return lead_; }
    /// A sleep ended `late` after it should have.
    void learn(Nanoseconds late) noexcept {
        lead_ = std::clamp(lead_ + (late > lead_ ? 3 : -1) * kStep, Nanoseconds::zero(), kMost);
    }
    /// Awake ahead of an arrival. Arrivals that are nearer to each other than the lead leave no
    /// sleep to learn from: it shrinks slowly then, until there is one now and again.
    void looked() noexcept {
        if (++looks_ % kLooksPerStep == 0) {
            lead_ = std::max(lead_ - kStep, Nanoseconds::zero());
        }
    }

private:
    static constexpr std::uint32_t kLooksPerStep = 16'384;  // some 20 ms awake
    /// Where timers are later than this the core is busy with others, and being awake early would
    /// only take from them.
    static constexpr Nanoseconds kMost = std::chrono::microseconds(100);
    static constexpr Nanoseconds kStep{500};
    std::uint32_t looks_ = 0;
    Nanoseconds lead_ = std::chrono::microseconds(50);  // what a kernel needs in a virtual machine
};

}  // namespace plimsoll
