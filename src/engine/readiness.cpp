#include "engine/readiness.hpp"

#include <cassert>
#include <unistd.h>

namespace plimsoll {
namespace {

epoll_event edges_for(void* owner) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = owner;
    return event;
}

}  // namespace

ReadinessSet::ReadinessSet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    assert(epoll_ >= 0);
}

ReadinessSet::~ReadinessSet() {
    ::close(epoll_);
}

bool ReadinessSet::add(int socket, void* owner) noexcept {
    epoll_event event = edges_for(owner);
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0;
}

void ReadinessSet::again(int socket, void* owner) noexcept {
    epoll_event event = edges_for(owner);
    [[maybe_unused]] const int failed = ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
    assert(failed == 0);
}

std::span<const epoll_event> ReadinessSet::take() noexcept {
    const int n = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), 0);
    return {events_.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

}  // namespace plimsoll
