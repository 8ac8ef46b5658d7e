// The figures of containers that an engine or Kubernetes runs: from their cgroups, with what only
// the runtime knows.
#pragma once

#include "probes/container/cgroup.hpp"
#include "probes/container/process_tree.hpp"
#include "probes/container/runtime_watch.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// What is known of one container (or process, or cgroup) at one time.
struct ContainerFigures : CgroupSample {
    std::string name;
    std::optional<bool> running;   // known only from an engine
    std::optional<int> exit_code;  // of one that has ended
    std::optional<double> restarts;
    std::optional<double> received_bytes, sent_bytes;
};

/// Bytes through the network of process `pid` (loopback left out), where it is not our own.
struct NetworkBytes {
    std::optional<double> received, sent;
};
[[nodiscard]] NetworkBytes network_of(pid_t pid, const std::filesystem::path& proc);

/// CPU, throttling, memory and pressure come from the cgroup, at whatever rate this is asked (an
/// engine takes about a second for them, and Podman's reports no throttling); from the engine's
/// figures only where the cgroup cannot be seen. Restarts, ends for lack of memory and whether it
/// runs come from the engine, at most some seconds old.
/// Threading: one thread. Never waits for the engine, but in `start`.
class RuntimeSource {
public:
    RuntimeSource(std::unique_ptr<ContainerRuntime> runtime, std::filesystem::path proc,
                  std::filesystem::path cgroup_root);

    [[nodiscard]] Status start(Clock::time_point deadline);
    /// All chosen containers, those included that have ended. Error: the engine never answered, or
    /// has nothing to say of them.
    [[nodiscard]] Result<std::vector<ContainerFigures>> sample();
    /// Some figures come from the engine, and so change about once a second.
    [[nodiscard]] bool slow() const { return slow_; }
    /// Id, cgroup, limits ... of the first container.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const;

private:
    /// One container from its start to its end.
    struct Life {
        std::string started_at;
        CgroupFolders folders;
        pid_t pid = 0;             // of a process of it; 0: unknown
        SteadyCounter cpu;         // over all lives
        double kills_before = 0;   // for lack of memory, in earlier lives
        double kills = 0;          // in this one
        bool counted_end = false;  // the engine's word for how this life ended
    };
    void add_engine_figures(const WatchedContainer& container, ContainerFigures& figures);
    ContainerFigures figures_of(const WatchedContainer& container);
    CgroupFolders folders_of(const RuntimeContainer& info) const;
    void begin_life(const RuntimeContainer& info, Life& life);

    std::filesystem::path proc_;
    std::filesystem::path cgroup_root_;
    std::map<std::string, Life> lives_;  // by id
    bool slow_ = false;
    RuntimeWatch watch_;
};

}  // namespace plimsoll
