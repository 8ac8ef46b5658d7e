#include "ui/slow_work.hpp"

#include <chrono>
#include <sys/resource.h>
#include <utility>

namespace plimsoll {
namespace {

constexpr int kFarBehindTheLoad = 15;  // as nice(1)
constexpr std::chrono::seconds kIdleEvery{15};

}  // namespace

SlowWork::SlowWork(std::function<void()> idle)
    : idle_(std::move(idle)), thread_([this] { run(); }) {}

SlowWork::~SlowWork() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

bool SlowWork::add(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= kMostWaiting) {
            return false;
        }
        waiting_.push_back(std::move(work));
    }
    wake_.notify_one();
    return true;
}

void SlowWork::run() {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kFarBehindTheLoad));  // of this thread alone
    auto idle_at = std::chrono::steady_clock::now() + kIdleEvery;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        wake_.wait_until(lock, idle_at, [this] { return stopping_ || !waiting_.empty(); });
        std::function<void()> work;
        if (!stopping_ && !waiting_.empty()) {
            work = std::move(waiting_.front());
            waiting_.pop_front();
        }
        lock.unlock();
        if (work) {
            work();
        }
        if (std::chrono::steady_clock::now() >= idle_at) {
            idle_();
            idle_at += kIdleEvery;
        }
        lock.lock();
    }
}

}  // namespace plimsoll
