// What a shard's thread waits for: its sockets, a time, and work from other threads.
#pragma once

#include "base/clock.hpp"
#include "base/fd.hpp"

#include <array>
#include <functional>
#include <mutex>
#include <span>
#include <sys/epoll.h>
#include <vector>

namespace plimsoll {

/// An edge-triggered epoll set that the shard's thread itself sleeps in. A socket registered here
/// once costs nothing more for its lifetime, and a turn of the loop is one call into the kernel
/// (docs/decisions/0011). Threading: one shard's; `post` from any.
class EventLoop {
public:
    EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Watches `socket` until it is closed. `owner`, never null, comes back with each event. False
    /// when the kernel refuses (no memory, watch limit).
    [[nodiscard]] bool add(int socket, void* owner) noexcept;
    /// Sleeps from `now` until a socket is ready, work was posted (which is done before it returns)
    /// or `until` has come, whichever is first; a time that has passed only looks. The sockets'
    /// events are valid until the next call.
    [[nodiscard]] std::span<const epoll_event> wait(Clock::time_point now, Clock::time_point until);
    /// Has the loop's thread do `work` in its next wait; never while the caller holds a lock that
    /// `work` takes. What is posted after the last wait is dropped with the loop.
    void post(std::function<void()> work);

private:
    [[nodiscard]] int sleep(Nanoseconds at_most) noexcept;
    void do_posted();

    Fd epoll_;
    Fd bell_;            // an eventfd: rung by post
    bool exact_ = true;  // the kernel takes time-outs in nanoseconds
    std::array<epoll_event, 64> events_{};
    std::mutex mutex_;  // guards what follows
    std::vector<std::function<void()>> posted_;
};

}  // namespace plimsoll
