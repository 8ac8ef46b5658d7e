#include "engine/transport/timer_wheel.hpp"

#include "base/random.hpp"

#include <deque>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

struct Item {
    Clock::time_point deadline = Clock::time_point::max();
    std::uint64_t wheel_slot = 0;
    int expired = 0;
};

const Clock::time_point kStart = Clock::time_point(100s);

TEST(TimerWheel, ExpiresOnceWithinASlotOfTheDeadline) {
    TimerWheel<Item> wheel(kStart);
    Item item;
    item.deadline = kStart + 995ms;
    wheel.watch(item);
    auto expired_at = Clock::time_point::max();
    for (auto now = kStart; now < kStart + 3s; now += 1ms) {
        wheel.advance(now, [&](Item& each) {
            ++each.expired;
            expired_at = now;
            each.deadline = Clock::time_point::max();
        });
    }
    EXPECT_EQ(item.expired, 1);
    EXPECT_GE(expired_at, kStart + 995ms);
    EXPECT_LE(expired_at, kStart + 995ms + TimerWheel<Item>::kSlot);
}

TEST(TimerWheel, KeepsDeadlinesBeyondOneTurn) {
    TimerWheel<Item> wheel(kStart);
    Item item;
    item.deadline = kStart + 60s;
    wheel.watch(item);
    wheel.advance(kStart + 59s, [](Item& each) { ++each.expired; });
    EXPECT_EQ(item.expired, 0);
    wheel.advance(kStart + 61s, [](Item& each) { ++each.expired; });
    EXPECT_EQ(item.expired, 1);
}

TEST(TimerWheel, FollowsADeadlineThatMoved) {
    TimerWheel<Item> wheel(kStart);
    Item later, earlier;
    later.deadline = earlier.deadline = kStart + 1s;
    wheel.watch(later);
    wheel.watch(earlier);
    later.deadline = kStart + 2s;
    wheel.watch(later);
    earlier.deadline = kStart + 100ms;
    wheel.watch(earlier);
    const auto expire = [](Item& each) {
        ++each.expired;
        each.deadline = Clock::time_point::max();
    };
    wheel.advance(kStart + 150ms, expire);
    EXPECT_EQ(earlier.expired, 1);
    wheel.advance(kStart + 1500ms, expire);
    EXPECT_EQ(later.expired, 0);
    wheel.advance(kStart + 2100ms, expire);
    EXPECT_EQ(later.expired, 1);
    EXPECT_EQ(earlier.expired, 1);
}

TEST(TimerWheel, AgreesWithASortedListOverManyRandomDeadlines) {
    TimerWheel<Item> wheel(kStart);
    std::deque<Item> items(500);
    Random random(7, 0, 0);
    auto now = kStart;
    for (int round = 0; round < 2000; ++round) {
        now += std::chrono::milliseconds(random.between(1, 40));
        Item& item = items[random.between(0, items.size() - 1)];
        item.deadline = now + std::chrono::milliseconds(random.between(1, 20'000));
        wheel.watch(item);
        wheel.advance(now, [&](Item& each) {
            EXPECT_LE(each.deadline, now);
            each.deadline = Clock::time_point::max();
        });
        for (const Item& each : items) {
            EXPECT_GT(each.deadline, now - TimerWheel<Item>::kSlot) << "missed a deadline";
        }
    }
}

}  // namespace
}  // namespace plimsoll
