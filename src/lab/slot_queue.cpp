#include "lab/slot_queue.hpp"

#include <utility>
#include <vector>

namespace plimsoll {

SlotQueue::Slot SlotQueue::State::take() {
    ++taken;
    return {this, [self = shared_from_this()](void*) { self->give_back(); }};
}

void SlotQueue::State::give_back() {
    {
        const std::lock_guard lock(mutex);
        --taken;
    }
    start_waiting();
}

void SlotQueue::State::start_waiting() {
    std::vector<std::pair<Task, Slot>> started;
    {
        const std::lock_guard lock(mutex);
        while (!waiting.empty() && (size == 0 || taken < size)) {
            Slot slot = take();
            started.emplace_back(std::move(waiting.front()), std::move(slot));
            waiting.pop_front();
        }
    }
    // Not here: whoever gives a slot back may be deep inside an answer of its own.
    for (auto& [task, slot] : started) {
        runner.post(
            [task = std::move(task), slot = std::move(slot)]() mutable { task(std::move(slot)); });
    }
}

SlotQueue::~SlotQueue() {
    std::deque<Task> dropped;  // destroyed without the lock
    const std::lock_guard lock(state_->mutex);
    dropped.swap(state_->waiting);
}

void SlotQueue::set_size(int slots) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->size = slots;
    }
    state_->start_waiting();
}

void SlotQueue::enter(Task task) {
    Slot slot;
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->size > 0 && (state_->taken >= state_->size || !state_->waiting.empty())) {
            state_->waiting.push_back(std::move(task));
            return;
        }
        slot = state_->take();
    }
    task(std::move(slot));
}

}  // namespace plimsoll
