#include "app/signal_forwarder.hpp"

#include <chrono>
#include <utility>

namespace plimsoll {

SignalForwarder::SignalForwarder(StopRequest& from, StopQueue& to, std::function<void()> before,
                                 std::function<void()> each_turn)
    : from_(from),
      to_(to),
      before_(std::move(before)),
      each_turn_(std::move(each_turn)),
      thread_([this] { work(); }) {}

SignalForwarder::~SignalForwarder() {
    done_ = true;
    thread_.join();
}

void SignalForwarder::work() {
    constexpr std::chrono::milliseconds kPeriod{100};
    int seen = 0;
    while (!done_) {
        for (; seen < from_.count(); ++seen) {
            if (before_) {
                before_();
            }
            to_.push({StopKind::Interrupted,
                      "stopping: running iterations may end (again to stop at once)"});
        }
        if (each_turn_) {
            each_turn_();
        }
        from_.wait_until(Clock::now() + kPeriod);
    }
}

}  // namespace plimsoll
