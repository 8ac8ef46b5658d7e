// One clock for everything inside a run.
#pragma once

#include <chrono>
#include <ctime>

namespace plimsoll {

/// CLOCK_MONOTONIC. All due times, send times, readings and intervals are points on it.
using Clock = std::chrono::steady_clock;
using WallClock = std::chrono::system_clock;
using Nanoseconds = std::chrono::nanoseconds;

/// CPU time of the calling thread so far, user and system.
[[nodiscard]] inline Nanoseconds thread_cpu_time() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + Nanoseconds(now.tv_nsec);
}

/// Ties the monotonic clock to the wall clock once per run, so that a run can be joined with
/// Prometheus and Grafana without a wall-clock step (NTP) ever moving a measurement.
struct WallAnchor {
    Clock::time_point mono;
    WallClock::time_point wall;

    [[nodiscard]] static WallAnchor now() { return {Clock::now(), WallClock::now()}; }
    [[nodiscard]] WallClock::time_point to_wall(Clock::time_point at) const {
        return wall + std::chrono::duration_cast<WallClock::duration>(at - mono);
    }
};

/// Seconds as a double, for output and arithmetic on rates; never for scheduling.
[[nodiscard]] constexpr double to_seconds(Nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}
[[nodiscard]] constexpr Nanoseconds from_seconds(double seconds) {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds));
}

}  // namespace plimsoll
