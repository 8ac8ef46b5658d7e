// What takes longer than an answer on a server's thread may.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace plimsoll {

/// One thread that stands back behind the load, and a short queue before it. Meanwhile it calls
/// `idle` every few seconds.
class SlowWork {
public:
    static constexpr std::size_t kMostWaiting = 16;

    explicit SlowWork(std::function<void()> idle);
    /// Waits for what is under way; what waits is forgotten.
    ~SlowWork();
    SlowWork(const SlowWork&) = delete;
    SlowWork& operator=(const SlowWork&) = delete;

    /// False: too much waits already.
    [[nodiscard]] bool add(std::function<void()> work);

private:
    void run();

    std::function<void()> idle_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace plimsoll
