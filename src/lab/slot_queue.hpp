// Private to lab: requests that must have one of a few slots before they go on.
#pragma once

#include "lab/worker_pool.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace plimsoll {

/// As many slots as there are workers or threads; who finds none waits in line, first come first
/// served. A slot is a pointer: the last copy that goes gives it back.
/// Threading: any thread. `runner` must outlive the queue; slots may be given back later.
class SlotQueue {
public:
    using Slot = std::shared_ptr<void>;
    using Task = std::function<void(Slot)>;

    explicit SlotQueue(WorkerPool& runner) : state_(std::make_shared<State>(runner)) {}
    ~SlotQueue();  // who still waits is let go without having run
    SlotQueue(const SlotQueue&) = delete;
    SlotQueue& operator=(const SlotQueue&) = delete;

    /// 0: as many as are asked for. Fewer than are taken: those stay until they are given back.
    void set_size(int slots);
    /// Runs the task with its slot: now, or on the runner once one is free.
    void enter(Task task);

private:
    /// Shared, so that slots that are given back late find it.
    struct State : std::enable_shared_from_this<State> {
        explicit State(WorkerPool& the_runner) : runner(the_runner) {}
        Slot take();  // the lock is held
        void give_back();
        void start_waiting();
        WorkerPool& runner;
        std::mutex mutex;
        int size = 0;
        int taken = 0;
        std::deque<Task> waiting;
    };
    std::shared_ptr<State> state_;
};

}  // namespace plimsoll
