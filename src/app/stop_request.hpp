// Ctrl-C and its kin, as something a main loop can wait for.
#pragma once

#include "base/clock.hpp"

namespace plimsoll {

/// Turns SIGINT, SIGTERM and SIGHUP into a count, from construction to destruction. One at a time
/// per process.
class StopRequest {
public:
    StopRequest();
    ~StopRequest();
    StopRequest(const StopRequest&) = delete;
    StopRequest& operator=(const StopRequest&) = delete;

    /// How often a stop was asked for: once means gracefully, more means now.
    [[nodiscard]] int count() const noexcept;
    /// Waits until `deadline` or the next request, whichever comes first. True: a request came.
    bool wait_until(Clock::time_point deadline);
};

}  // namespace plimsoll
