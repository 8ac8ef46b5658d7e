// The probe of what runs the target: a process tree or a cgroup.
#pragma once

#include "base/clock.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>

namespace plimsoll {

/// Exactly one of pid, port, cgroup and docker is to be set.
struct ContainerProbeOptions {
    std::string name;  // label `container`; "pid:N", "port:N" or the cgroup's last part when empty
    std::string role;  // label `role`: app, database ...
    pid_t pid = 0;     // this process and its descendants
    std::uint16_t port = 0;  // whoever listens there, looked up again when it was restarted
    std::string cgroup;      // see find_cgroup
    std::string docker;      // not yet: start says so
    Nanoseconds period = std::chrono::milliseconds(200);
    std::string proc_root = "/proc";  // other folders for tests
    std::string cgroup_root = "/sys/fs/cgroup";
};

/// Reports plimsoll_container_* with labels {container, role}.
/// - Of a process tree: CPU seconds and memory by ProcessTree. If it is in a cgroup below the root,
///   that cgroup's CPU limit, periods, throttled periods, memory limit and OOM kills too.
/// - Of a cgroup: everything by read_cgroup.
/// A limit that does not exist is left out. Facts: source, pid, command, cgroup and its version,
/// cpus (that the process may run on) and cpu_limit_cores.
///
/// Start fails where the source is not there. Later a process or cgroup that is gone is a gap,
/// until it is back (a port's new listener, a cgroup of the same name); the CPU counter goes on
/// from where it was.
[[nodiscard]] ProbePtr make_container_probe(ContainerProbeOptions options);

}  // namespace plimsoll
