// Private to lab: a token bucket.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <mutex>

namespace plimsoll {

/// Lets through `rate` requests per second on average and `burst` at once. Threading: any thread.
class RateLimiter {
public:
    RateLimiter(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

    /// Zero: let it through. Else how many seconds until there is room for one more.
    [[nodiscard]] double ask(Clock::time_point now) {
        const std::lock_guard lock(mutex_);
        if (filled_ != Clock::time_point{}) {
            tokens_ = std::min(burst_, tokens_ + rate_ * to_seconds(now - filled_));
        }
        filled_ = now;
        if (tokens_ >= 1) {
            tokens_ -= 1;
            return 0;
        }
        return (1 - tokens_) / rate_;
    }

private:
    const double rate_;
    const double burst_;
    std::mutex mutex_;
    double tokens_;
    Clock::time_point filled_;
};

}  // namespace plimsoll
