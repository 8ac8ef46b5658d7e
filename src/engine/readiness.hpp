// Which of a shard's sockets can be read or written now.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <sys/epoll.h>

namespace plimsoll {

/// An edge-triggered epoll set for the sockets of one shard, itself watched by the shard's
/// io_context as one descriptor. Asio's own async_wait costs an epoll_ctl, an operation object and
/// two mutex operations per request; a socket registered here once costs nothing more for its
/// lifetime (docs/decisions). Threading: one shard.
class ReadinessSet {
public:
    ReadinessSet();
    ~ReadinessSet();
    ReadinessSet(const ReadinessSet&) = delete;
    ReadinessSet& operator=(const ReadinessSet&) = delete;

    [[nodiscard]] int descriptor() const noexcept { return epoll_; }
    /// Watches `socket` until it is closed. `owner` comes back with each event. False when the
    /// kernel refuses (no memory, watch limit).
    [[nodiscard]] bool add(int socket, void* owner) noexcept;
    /// Has what is left to read or write on `socket` reported by another event, as if it had just
    /// come.
    void again(int socket, void* owner) noexcept;
    /// The events there are now, without waiting; valid until the next call.
    [[nodiscard]] std::span<const epoll_event> take() noexcept;

private:
    int epoll_;
    std::array<epoll_event, 64> events_{};
};

}  // namespace plimsoll
