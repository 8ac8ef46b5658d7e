// The process's signals, handed on to one run.
#pragma once

#include "app/stop_request.hpp"
#include "run/stop_queue.hpp"

#include <atomic>
#include <functional>
#include <thread>

namespace plimsoll {

/// From construction to destruction, on a thread of its own. `before` is called before each signal
/// is handed on, `each_turn` some times a second.
class SignalForwarder {
public:
    SignalForwarder(StopRequest& from, StopQueue& to, std::function<void()> before = {},
                    std::function<void()> each_turn = {});
    ~SignalForwarder();
    SignalForwarder(const SignalForwarder&) = delete;
    SignalForwarder& operator=(const SignalForwarder&) = delete;

private:
    void work();

    StopRequest& from_;
    StopQueue& to_;
    std::function<void()> before_;
    std::function<void()> each_turn_;
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

}  // namespace plimsoll
