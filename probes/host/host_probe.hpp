// The probe of a machine and of TCP in one network namespace.
#pragma once

#include "base/clock.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace plimsoll {

enum class HostSide { Generator, Target };

struct HostProbeOptions {
    HostSide side = HostSide::Generator;
    /// Target: the port that it listens on, on this machine. Where that is published by a container
    /// engine, the namespace is that of the container behind it.
    std::uint16_t port = 0;
    Nanoseconds period = std::chrono::seconds(1);
    std::string docker_host = {};     // as DOCKER_HOST; empty: the default sockets
    std::string proc_root = "/proc";  // another folder for tests
};

/// Reports plimsoll_host_* with label side. Both sides: the TCP counters of their network namespace
/// (which is the same one where the target is no container). The generator's also: CPU time per
/// core, load, memory and pressure of the machine; a target that is probed here shares them.
///
/// Named "host:generator" and "host:target". Start of the target's side fails where nobody listens
/// on the port, or whoever does cannot be looked into. A process that is gone is a gap; it is
/// looked for again with a growing pause (a second, doubled up to ten), since that reads every
/// process's descriptors.
[[nodiscard]] ProbePtr make_host_probe(HostProbeOptions options);

/// Whether `host` is this machine: "localhost", its own name, a loopback address, or an address of
/// one of its interfaces. No name is looked up.
[[nodiscard]] bool is_this_machine(const std::string& host);

}  // namespace plimsoll
