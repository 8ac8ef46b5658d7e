#include "gather/clock_offset.hpp"

#include <algorithm>
#include <cassert>

namespace plimsoll {
namespace {

Clock::time_point middle(const ClockExchange& exchange) {
    return exchange.sent + (exchange.received - exchange.sent) / 2;
}

}  // namespace

void ClockOffset::add(const ClockExchange& exchange) {
    if (exchange.received < exchange.sent) {
        return;
    }
    latest_.push_back(exchange);
    if (latest_.size() > kKept) {
        latest_.pop_front();
    }
}

const ClockExchange& ClockOffset::best() const {
    assert(known());
    return *std::min_element(latest_.begin(), latest_.end(),
                             [](const ClockExchange& a, const ClockExchange& b) {
                                 return a.received - a.sent < b.received - b.sent;
                             });
}

WallClock::time_point ClockOffset::there(Clock::time_point here) const {
    const ClockExchange& exchange = best();
    return exchange.there +
           std::chrono::duration_cast<WallClock::duration>(here - middle(exchange));
}

Clock::time_point ClockOffset::here(WallClock::time_point there) const {
    const ClockExchange& exchange = best();
    return middle(exchange) + std::chrono::duration_cast<Nanoseconds>(there - exchange.there);
}

Nanoseconds ClockOffset::to_add(const WallAnchor& now) const {
    return std::chrono::duration_cast<Nanoseconds>(there(now.mono) - now.wall);
}

Nanoseconds ClockOffset::error() const {
    const ClockExchange& exchange = best();
    return (exchange.received - exchange.sent) / 2;
}

}  // namespace plimsoll
