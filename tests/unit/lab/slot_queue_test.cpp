#include "lab/slot_queue.hpp"

#include <future>
#include <optional>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(SlotQueue, LetsSoManyInAndTheOthersInOrderAsSlotsComeBack) {
    WorkerPool runner(1);
    SlotQueue queue(runner);
    queue.set_size(2);
    std::vector<SlotQueue::Slot> held(4);
    std::vector<int> order;
    std::promise<void> third;
    std::promise<void> fourth;
    for (int i = 0; i < 4; ++i) {
        queue.enter([&, i](SlotQueue::Slot slot) {
            held[static_cast<std::size_t>(i)] = std::move(slot);
            order.push_back(i);
            if (i == 2) {
                third.set_value();
            }
            if (i == 3) {
                fourth.set_value();
            }
        });
    }
    EXPECT_EQ(order, (std::vector<int>{0, 1}));
    held[1].reset();
    third.get_future().wait();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
    queue.set_size(0);
    fourth.get_future().wait();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
    runner.stop();
}

TEST(SlotQueue, TakesSlotsBackAfterItsEnd) {
    WorkerPool runner(1);
    SlotQueue::Slot kept;
    bool ran = false;
    {
        SlotQueue queue(runner);
        queue.set_size(1);
        queue.enter([&](SlotQueue::Slot slot) { kept = std::move(slot); });
        queue.enter([&](const SlotQueue::Slot&) { ran = true; });
    }
    kept.reset();
    runner.stop();
    EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace plimsoll
