// The probes of the target as the kernel sees it: its sockets, its processes and threads.
#pragma once

#include "base/clock.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

namespace plimsoll {

/// Oftener a reading of the sockets tells no more, and costs.
inline constexpr Nanoseconds kSocketsPeriod = std::chrono::milliseconds(200);
inline constexpr Nanoseconds kThreadsPeriod = std::chrono::seconds(1);

struct TargetProbeOptions {
    /// That the target listens on, on this machine. Where that is published by a container engine,
    /// the target is what runs in the container behind it.
    std::uint16_t port = 0;
    Nanoseconds period = kSocketsPeriod;
    /// Of databases and their poolers: connections there are `peer="database"`.
    std::set<std::uint16_t> database_ports{5432, 6432};
    /// Processes that are no part of the target although it may have started them: a database's.
    std::set<pid_t> apart = {};
    /// Processes that are a part of it although it has not started them: the application behind a
    /// proxy, in the same network namespace. What their trees connect to is the target's.
    std::set<pid_t> behind = {};
    std::string docker_host = {};     // as DOCKER_HOST; empty: the default sockets
    std::string proc_root = "/proc";  // another folder for tests
};

/// "target:sockets": what waits to be accepted, callers' and databases' bytes that lie unread,
/// other services' connections, and how many processes serve. See TargetSockets, also for what it
/// costs. Facts: pid, source (sock_diag or proc), and `behind`, the pids of processes that stand
/// behind a proxy, where there are any.
///
/// "target:threads": processes, threads, the busiest thread, waiting for a CPU, garbage collection.
/// See ThreadWatch.
///
/// Start of both fails where nobody listens on the port, or whoever does cannot be looked into. A
/// process that is gone is a gap until its successor is found (TargetProcess); the counters of
/// threads begin at 0 again then.
[[nodiscard]] ProbePtr make_socket_probe(TargetProbeOptions options);
[[nodiscard]] ProbePtr make_thread_probe(TargetProbeOptions options);

}  // namespace plimsoll
