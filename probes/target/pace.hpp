// Work whose cost depends on the target, kept to a share of one core.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <cstddef>

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

/// How many of many alike to look at each time, so that all looks take no more than `share` of a
/// core: `fewest` to `most`.
class Ration {
public:
    Ration(double share, std::size_t fewest, std::size_t most) noexcept
        : share_(share), fewest_(fewest), most_(most) {}

    /// For a look at `now`.
    [[nodiscard]] std::size_t count(Clock::time_point now) noexcept {
        const double since = to_seconds(now - last_);
        last_ = now;
        if (each_s_ <= 0) {
            return most_;
        }
        const double affordable = share_ * since / each_s_;
        return static_cast<std::size_t>(
            std::clamp(affordable, static_cast<double>(fewest_), static_cast<double>(most_)));
    }
    /// What a look at `count` took of the thread's CPU time.
    void charge(std::size_t count, Nanoseconds cpu) noexcept {
        constexpr double kNewest = 0.2;
        const double each = to_seconds(cpu) / static_cast<double>(std::max<std::size_t>(count, 1));
        each_s_ = each_s_ > 0 ? each_s_ + kNewest * (each - each_s_) : each;
    }

private:
    double share_;
    std::size_t fewest_;
    std::size_t most_;
    double each_s_ = 0;  // moving mean; 0: not known yet
    Clock::time_point last_{};
};

}  // namespace plimsoll
