// Private to lab: a control group of our own that limits this process.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace plimsoll {

/// This process, with all its threads, in a control group made for it. Version 1 hierarchies
/// (/sys/fs/cgroup/cpu/plimsoll-lab-PID) and version 2. Children started before stay where they
/// are. Threading: one thread at a time.
class CgroupCage {
public:
    CgroupCage() = default;
    ~CgroupCage();  // leaves
    CgroupCage(CgroupCage&& other) noexcept;
    CgroupCage& operator=(CgroupCage&& other) noexcept;

    /// At most `cores` cores over each `period`. Error: no such hierarchy, or not ours to write:
    /// says which file, and what would help. Nothing has changed then.
    [[nodiscard]] static Result<CgroupCage> limit_cpu(double cores, Nanoseconds period,
                                                      const std::string& root = "/sys/fs/cgroup");
    /// At most so many bytes, swap included. Beyond them the kernel kills the process.
    [[nodiscard]] static Result<CgroupCage> limit_memory(
        std::uint64_t bytes, const std::string& root = "/sys/fs/cgroup");

    /// The group's folder, for cpu.stat, memory.oom_control and so on.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Moves the process back to where it came from and removes the group.
    void leave();

private:
    std::string path_;
    std::string home_;  // the folder of the group we came from
};

/// Removes the groups that processes killed in theirs have left. Called before one is made.
void sweep_stale_cgroups(const std::string& hierarchy);

}  // namespace plimsoll
