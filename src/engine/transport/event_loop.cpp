#include "engine/transport/event_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace plimsoll {
namespace {

/// No wait is longer: a time that never comes must still fit into what the kernel takes.
constexpr Nanoseconds kLongest = std::chrono::hours(1);

timespec to_timespec(Nanoseconds time) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time);
    return {whole.count(), (time - whole).count()};
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_.get() < 0 || bell_.get() < 0) {
        throw std::system_error(errno, std::generic_category(), "an event loop cannot be made");
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = nullptr;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &event);
}

bool EventLoop::add(int socket, void* owner) noexcept {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = owner;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event) == 0;
}

int EventLoop::sleep(Nanoseconds at_most) noexcept {
    const auto room = static_cast<int>(events_.size());
    if (at_most <= Nanoseconds::zero()) {
        return ::epoll_wait(epoll_.get(), events_.data(), room, 0);
    }
    const timespec limit = to_timespec(std::min(at_most, kLongest));
    if (exact_) {
        const int n = ::epoll_pwait2(epoll_.get(), events_.data(), room, &limit, nullptr);
        if (n >= 0 || errno == EINTR) {
            return n;
        }
        exact_ = false;  // Linux before 5.11, or a sandbox that does not know the call
    }
    // epoll_wait alone knows whole milliseconds only; its set, as one descriptor, is not so bound.
    pollfd whole{epoll_.get(), POLLIN, 0};
    ::ppoll(&whole, 1, &limit, nullptr);
    return ::epoll_wait(epoll_.get(), events_.data(), room, 0);
}

std::span<const epoll_event> EventLoop::wait(Clock::time_point now, Clock::time_point until) {
    // The difference to a time that never comes would overflow.
    const Nanoseconds left = until == Clock::time_point::max() ? kLongest : until - now;
    const int n = sleep(left);
    auto count = static_cast<std::size_t>(std::max(n, 0));
    for (std::size_t i = 0; i < count; ++i) {
        if (events_[i].data.ptr == nullptr) [[unlikely]] {
            events_[i] = events_[--count];
            do_posted();
            break;
        }
    }
    return {events_.data(), count};
}

void EventLoop::post(std::function<void()> work) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(work));
    }
    const std::uint64_t one = 1;
    static_cast<void>(::write(bell_.get(), &one, sizeof one) ==
                      sizeof one);  // full: it rings already
}

void EventLoop::do_posted() {
    std::uint64_t rung = 0;
    static_cast<void>(::read(bell_.get(), &rung, sizeof rung) == sizeof rung);
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(mutex_);
        work.swap(posted_);
    }
    for (const auto& each : work) {
        each();
    }
}

}  // namespace plimsoll
