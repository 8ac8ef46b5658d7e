#include "run/stop_queue.hpp"

#include <utility>

namespace plimsoll {

void StopQueue::push(StopCause cause) {
    {
        const std::lock_guard lock(mutex_);
        interrupts_ += cause.kind == StopKind::Interrupted ? 1 : 0;
        causes_.push_back(std::move(cause));
    }
    wake_.notify_all();
}

std::optional<StopCause> StopQueue::take() {
    const std::lock_guard lock(mutex_);
    if (causes_.empty()) {
        return std::nullopt;
    }
    StopCause cause = std::move(causes_.front());
    causes_.pop_front();
    return cause;
}

bool StopQueue::wait_until(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return wake_.wait_until(lock, deadline, [this] { return !causes_.empty(); });
}

int StopQueue::interrupts() const {
    const std::lock_guard lock(mutex_);
    return interrupts_;
}

bool StopQueue::wait_for_interrupt(int known, Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return wake_.wait_until(lock, deadline, [&] { return interrupts_ > known; });
}

}  // namespace plimsoll
