// What the kernel accounts and limits per cgroup, in both of its layouts.
#pragma once

#include "base/result.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace plimsoll {

/// The folders of one cgroup. In version 1 each controller has a hierarchy of its own; a folder is
/// empty where the cgroup is not in that hierarchy (or at its root, which has no limits).
/// In version 2 all are the same.
struct CgroupFolders {
    int version = 2;
    std::filesystem::path cpu;      // quota and throttling
    std::filesystem::path cpuacct;  // use of CPU
    std::filesystem::path memory;
    std::filesystem::path root;  // where cgroups are mounted: never a parent with limits
    [[nodiscard]] bool any() const { return !cpu.empty() || !cpuacct.empty() || !memory.empty(); }
    bool operator==(const CgroupFolders&) const = default;
};

/// The cgroup that `given` names: "/sys/fs/cgroup/shop", "/sys/fs/cgroup/cpu/shop" (a controller's
/// folder of version 1), the path as /proc/PID/cgroup shows it, "/docker/3f2a", or "pod:UID" (see
/// pod_cgroup.hpp). Error: there is none, with the folders that were tried.
[[nodiscard]] Result<CgroupFolders> find_cgroup(const std::string& given,
                                                const std::filesystem::path& root);

/// The cgroup that a process is in; `any()` is false where it is at the root of all hierarchies,
/// or in one that cannot be seen from here.
[[nodiscard]] CgroupFolders cgroup_of(pid_t pid, const std::filesystem::path& proc,
                                      const std::filesystem::path& root);

/// The cgroup of the container with this (full) id: that of its process `pid`, if that is in one
/// that carries the id (the engine may be on another machine, or its pids of another namespace);
/// else where Docker and Podman put it by default. `any()` is false where neither is here.
[[nodiscard]] CgroupFolders find_container_cgroup(std::string_view id, pid_t pid,
                                                  const std::filesystem::path& proc,
                                                  const std::filesystem::path& root);

/// Time in which tasks stalled for want of a resource since the cgroup (or machine) came up: at
/// least one of them, all of them. The `total` of a pressure file (kernel: accounting/psi).
struct Pressure {
    std::optional<double> some_s, full_s;
};
inline constexpr std::array<const char*, 3> kPressureResources{"cpu", "memory", "io"};
[[nodiscard]] Pressure parse_pressure(std::string_view text);

/// Nothing in a field: no such limit, or the kernel does not say.
struct CgroupSample {
    std::optional<double> cpu_s;
    std::optional<double>
        limit_cores;                // quota / period: the tightest of the cgroup and its parents
    std::filesystem::path quota;    // the cgroup with that quota; or "POD/*" of a pod's containers
    std::optional<double> periods;  // of that cgroup
    std::optional<double> throttled_periods;
    std::optional<double> throttled_s;         // held back so long, all CPUs together
    std::optional<double> working_set_bytes;   // usage without the file cache that is easy to drop
    std::optional<double> memory_limit_bytes;  // the tightest, as above
    std::optional<double> oom_kills;
    std::array<Pressure, 3> pressure;  // as kPressureResources; version 2 only
};
[[nodiscard]] CgroupSample read_cgroup(const CgroupFolders& folders);

}  // namespace plimsoll
