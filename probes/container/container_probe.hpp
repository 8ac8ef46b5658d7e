// The probe of what runs the target: a process tree or a cgroup.
#pragma once

#include "base/clock.hpp"
#include "probes/container/kubernetes_pods.hpp"
#include "signal/probe.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <sys/types.h>

namespace plimsoll {

/// The shortest time between readings of a process and its descendants (`pid`, `port`). The kernel
/// accounts for them in steps of 10 ms, so that oftener a share of a core is mostly rounding; and a
/// database of 90 processes costs 3 ms to read.
inline constexpr Nanoseconds kProcessPeriod = std::chrono::seconds(1);

/// Exactly one of pid, port, cgroup, docker, label and pods is to be set.
struct ContainerProbeOptions {
    std::string name;  // label `container`; the process's own name, "port:N" or the cgroup's last
                       // part when empty, and of docker, label
                       // and pods always the container's own name
    std::string role;  // label `role`: app, database ...
    pid_t pid = 0;     // this process and its descendants
    std::set<pid_t> apart = {};  // but for these and theirs, which have probes of their own
    std::uint16_t port = 0;  // whoever listens there, looked up again when it was restarted; where
                             // that is an engine's proxy, the container behind it
    std::string cgroup;      // see find_cgroup; a Kubernetes pod is one too
    std::string docker;      // a container's name or id, or a Compose service
    std::string label;       // "key=value": all running containers that carry it
    PodChoice pods;          // set where its selector is: the containers of Kubernetes' pods here
    Nanoseconds period = std::chrono::milliseconds(200);
    std::string docker_host = {};  // as DOCKER_HOST; empty: the default sockets
    KubernetesAccess kubernetes = {};
    std::string proc_root = "/proc";  // other folders for tests
    std::string cgroup_root = "/sys/fs/cgroup";
};

/// Reports plimsoll_container_* with labels {container, role}.
/// - Of a process tree: CPU seconds and memory by ProcessTree. While it is in a cgroup below the
///   root, that cgroup's CPU limit, periods, throttling, memory limit, OOM kills and pressure too;
///   it is followed into another one, where the counters go on from where they were.
/// - Of a cgroup: everything by read_cgroup.
/// - Of containers: see RuntimeSource. Where their cgroups cannot be seen from here, the probe's
///   period is at least a second, the pace of the engine.
/// A limit that does not exist is left out. Facts: source, pid, command, container, cgroup and its
/// version, cpus (that the process may run on) and cpu_limit_cores.
///
/// Start fails where the source is not there. Later a process or cgroup that is gone is a gap,
/// until it is back (a port's new listener, a cgroup of the same name); the CPU counter goes on
/// from where it was. A container that has ended still reports that, its restarts and OOM kills.
///
/// No read waits for anything but small files of the kernel.
[[nodiscard]] ProbePtr make_container_probe(ContainerProbeOptions options);

/// What a process is called by the kernel, to be told apart by people; "pid:N" where it has none.
[[nodiscard]] std::string process_name(pid_t pid, const std::string& proc_root = "/proc");

}  // namespace plimsoll
