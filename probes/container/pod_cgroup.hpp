// Where a Kubernetes pod's cgroup is on its node, whatever the kubelet and the runtime call it.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace plimsoll {

/// How a user names one: "pod:UID", or "pod:UID/CONTAINER" with the container's id as the API shows
/// it ("containerd://3f2a...") or without its scheme.
inline constexpr std::string_view kPodPrefix = "pod:";

/// The path of that cgroup as /proc/PID/cgroup shows it. It is looked for by its name, so that it
/// is found
/// - with the kubelet's cgroup driver systemd (.../kubepods-burstable-pod5b1e_77.slice) and
/// cgroupfs
///   (/kubepods/burstable/pod5b1e-77), in each class of service;
/// - in version 2, and in version 1's hierarchies of cpu and memory;
/// - below another cgroup (a node that is itself a container, --cgroup-root);
/// - with containerd, CRI-O and Docker (cri-containerd-ID.scope, crio-ID.scope, docker-ID.scope,
/// ID). Error: `given` names none, or there is none on this node; `root` is where cgroups are
/// mounted.
[[nodiscard]] Result<std::string> find_pod_cgroup(std::string_view given,
                                                  const std::filesystem::path& root);

}  // namespace plimsoll
