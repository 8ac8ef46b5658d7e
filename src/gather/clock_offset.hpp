// What another machine's clock shows, from questions and answers.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <deque>

namespace plimsoll {

/// One question: when it was sent and its answer received by the own monotonic clock, and the
/// other's wall clock between the two.
struct ClockExchange {
    Clock::time_point sent;
    WallClock::time_point there;
    Clock::time_point received;
};

/// As NTP does it (RFC 5905, section 8): the other clock was read somewhere within the round trip,
/// so its middle is wrong by half the round trip at most, and of several exchanges the quickest
/// says most. The other's wall clock is tied to our monotonic one: a step of our own wall clock
/// moves nothing.
class ClockOffset {
public:
    void add(const ClockExchange& exchange);
    [[nodiscard]] bool known() const { return !latest_.empty(); }
    /// What the other clock shows at `here`, and the other way round. Known must be.
    [[nodiscard]] WallClock::time_point there(Clock::time_point here) const;
    [[nodiscard]] Clock::time_point here(WallClock::time_point there) const;
    /// To be added to our wall clock, as it is at `now`, to get the other's.
    [[nodiscard]] Nanoseconds to_add(const WallAnchor& now) const;
    /// At most so wrong.
    [[nodiscard]] Nanoseconds error() const;

private:
    /// Enough to have a quick one among them, few enough to follow a clock that drifts.
    static constexpr std::size_t kKept = 16;
    [[nodiscard]] const ClockExchange& best() const;
    std::deque<ClockExchange> latest_;
};

}  // namespace plimsoll
