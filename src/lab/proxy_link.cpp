#include "lab/proxy_link.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace plimsoll {
namespace {

constexpr std::size_t kBlock = 65536;
constexpr std::size_t kMostQueued = 1U << 20U;  // of one direction; then its sender has to wait

bool try_again() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

ProxyLink::ProxyLink(int client, int upstream) {
    ends_[Client].fd = client;
    ends_[Upstream].fd = upstream;
}

ProxyLink::~ProxyLink() {
    for (EndPoint& end : ends_) {
        ::close(end.fd);
    }
}

void ProxyLink::reset() {
    const linger hard{1, 0};
    for (EndPoint& end : ends_) {
        ::setsockopt(end.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    }
}

bool ProxyLink::connected() {
    int problem = 0;
    socklen_t size = sizeof(problem);
    ::getsockopt(ends_[Upstream].fd, SOL_SOCKET, SO_ERROR, &problem, &size);
    connecting_ = false;
    return problem == 0;
}

void ProxyLink::send_on(Side to, std::string bytes, const ProxyFaults& faults,
                        std::minstd_rand& random) {
    EndPoint& end = ends_[to];
    const auto now = Clock::now();
    Nanoseconds delay = faults.latency;
    if (faults.jitter > Nanoseconds(0)) {
        delay += Nanoseconds(
            std::uniform_int_distribution<std::int64_t>(0, faults.jitter.count())(random));
    }
    if (faults.bytes_per_second) {
        end.free = std::max(end.free, now) +
                   from_seconds(static_cast<double>(bytes.size()) / *faults.bytes_per_second);
        delay += end.free - now;
    }
    // A stream keeps its order, whatever the jitter.
    const auto due = std::max(now + delay, end.out.empty() ? now : end.out.back().due);
    end.queued += bytes.size();
    end.out.push_back({due, std::move(bytes)});
}

ProxyLink::End ProxyLink::receive(Side side, const ProxyFaults& faults, std::minstd_rand& random) {
    EndPoint& end = ends_[side];
    // A slow wire is filled in small pieces, else the first would arrive as late as the last.
    const std::size_t most =
        faults.bytes_per_second
            ? std::clamp<std::size_t>(static_cast<std::size_t>(*faults.bytes_per_second / 50), 256,
                                      kBlock)
            : kBlock;
    std::string bytes(most, '\0');
    const ssize_t count = ::recv(end.fd, bytes.data(), bytes.size(), 0);
    if (count < 0) {
        return try_again() ? End::None : End::Reset;
    }
    if (count == 0) {
        end.ended = true;
        return End::None;
    }
    if (side == Client && faults.reset_share > 0 &&
        std::uniform_real_distribution<double>(0, 1)(random) < faults.reset_share) {
        return End::Reset;
    }
    bytes.resize(static_cast<std::size_t>(count));
    send_on(other(side), std::move(bytes), faults, random);
    return End::None;
}

ProxyLink::End ProxyLink::deliver(Side side, Clock::time_point now, const ProxyFaults& faults,
                                  std::uint64_t& bytes) {
    EndPoint& end = ends_[side];
    end.blocked = false;
    if (faults.stall || (side == Upstream && connecting_)) {
        return End::None;
    }
    while (!end.out.empty() && end.out.front().due <= now) {
        const std::string& chunk = end.out.front().bytes;
        const ssize_t count =
            ::send(end.fd, chunk.data() + end.written, chunk.size() - end.written, MSG_NOSIGNAL);
        if (count < 0) {
            end.blocked = try_again();
            return end.blocked ? End::None : End::Reset;
        }
        bytes += static_cast<std::uint64_t>(count);
        end.queued -= static_cast<std::size_t>(count);
        end.written += static_cast<std::size_t>(count);
        if (end.written == chunk.size()) {
            end.out.pop_front();
            end.written = 0;
        }
    }
    if (end.out.empty() && ends_[other(side)].ended && !end.closed) {
        end.closed = true;
        ::shutdown(end.fd, SHUT_WR);
    }
    return ends_[Client].closed && ends_[Upstream].closed ? End::Closed : End::None;
}

std::optional<Clock::time_point> ProxyLink::next_due(Side side) const {
    const EndPoint& end = ends_[side];
    return end.out.empty() || end.blocked ? std::nullopt : std::optional(end.out.front().due);
}

bool ProxyLink::wants_to_read(Side side, const ProxyFaults& faults) const {
    const bool ready = side == Client || !connecting_;
    return ready && !faults.stall && !ends_[side].ended && ends_[other(side)].queued < kMostQueued;
}

}  // namespace plimsoll
