// How many more connections this process could open.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll {

/// The lower of what is left of its file descriptors (RLIMIT_NOFILE) and of the machine's local
/// ports towards the target. A port is taken by an open connection and, after it, for a minute by
/// TIME_WAIT; the kernel counts those for the whole machine, so the figure is a lower bound.
/// Threading: immutable; `left` reads /proc and takes some microseconds, any thread.
class SocketBudget {
public:
    /// Counts the descriptors that are open now, before the load. `addresses`: of the target; each
    /// has all local ports of its own. 0: it has no ports (a unix socket).
    /// `reserved`: descriptors that something else may still open.
    explicit SocketBudget(std::size_t addresses, std::uint64_t reserved = 0);
    [[nodiscard]] std::uint64_t left(std::uint32_t connections_open) const;
    [[nodiscard]] std::uint64_t descriptors() const noexcept { return descriptors_; }

private:
    std::uint64_t descriptors_ = 0;  // that the load may take
    std::uint64_t ports_ = 0;        // local ports times addresses
};

/// From the text of /proc/sys/net/ipv4/ip_local_port_range; 0 where it is none.
[[nodiscard]] std::uint64_t local_ports(const char* text);
/// From the text of /proc/net/sockstat: TCP connections in TIME_WAIT; 0 where it is none.
[[nodiscard]] std::uint64_t time_wait_sockets(const char* text);

}  // namespace plimsoll
