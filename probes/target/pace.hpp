// Work whose cost depends on the target, kept to a share of one core.
#pragma once

#include "base/clock.hpp"

namespace plimsoll {

/// After work that took some CPU time, the next may begin when that time is no more than `share` of
/// what has passed. So 5,000 sockets or threads are looked at less often, and cost no more.
class Pace {
public:
    explicit Pace(double share) noexcept : share_(share) {}

    [[nodiscard]] bool due(Clock::time_point now) const noexcept { return now >= next_; }
    void charge(Clock::time_point now, Nanoseconds cpu) noexcept {
        next_ = now + from_seconds(to_seconds(cpu) / share_);
    }
    /// Does `work` and charges the calling thread's CPU time.
    template <typename Work>
    auto run(const Work& work) {
        const Nanoseconds before = thread_cpu_time();
        auto result = work();
        charge(Clock::now(), thread_cpu_time() - before);
        return result;
    }

private:
    double share_;
    Clock::time_point next_{};
};

}  // namespace plimsoll
