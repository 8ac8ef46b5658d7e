// All that can end a run before its load does, in one place.
#pragma once

#include "base/clock.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace plimsoll {

enum class StopKind {
    Interrupted,  // Ctrl-C and its kin, or the caller
    Control,      // the control port
    Threshold,    // abort_on_fail
    AbortRun,     // a step with on_fail: abort_run
    Owner,        // RunOptions::fatal
    OutOfMemory,
};

struct StopCause {
    StopKind kind = StopKind::Interrupted;
    std::string text;      // for the user and the run's events
    bool at_once = false;  // without waiting for iterations under way
};

/// From whoever wants a run to end to the run. Threading: any thread pushes, the run takes.
class StopQueue {
public:
    void push(StopCause cause);
    /// The oldest that has not been taken yet.
    [[nodiscard]] std::optional<StopCause> take();
    /// Waits until `deadline` or until there is something to take. True: there is.
    bool wait_until(Clock::time_point deadline);
    /// How many of kind Interrupted were pushed so far, taken or not.
    [[nodiscard]] int interrupts() const;
    /// Waits until `deadline` or for more than `known` interrupts. True: there are more.
    bool wait_for_interrupt(int known, Clock::time_point deadline);

private:
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<StopCause> causes_;
    int interrupts_ = 0;
};

}  // namespace plimsoll
