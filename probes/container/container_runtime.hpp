// Who runs containers and knows which there are: an engine on this machine, or Kubernetes.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

/// What a runtime says of one container. Nothing in a limit: there is none, or it does not say.
struct RuntimeContainer {
    std::string id;
    std::string name;
    std::string cgroup = {};  // as find_cgroup takes it; empty: by its id and pid
    std::string started_at;   // as the runtime writes it: tells one start from the next
    pid_t pid = 0;            // 0 while it does not run
    bool running = false;
    bool oom_killed = false;  // the last end was for lack of memory
    int exit_code = 0;
    double restarts = 0;
    std::optional<double> limit_cores;
    std::optional<double> memory_limit_bytes;
};

/// The runtime's own figures, for containers whose cgroup cannot be seen from here.
struct RuntimeStats {
    std::optional<double> cpu_s;
    std::optional<double> periods, throttled_periods, throttled_s;
    std::optional<double> working_set_bytes;  // usage without the file cache that is easy to drop
    std::optional<double> received_bytes, sent_bytes;
};

/// All calls return by their deadline; none changes anything.
/// Threading: one thread at a time.
class ContainerRuntime {
public:
    virtual ~ContainerRuntime() = default;

    /// The ids of the containers that were asked for and run now. Error: there is none, or nobody
    /// answers.
    [[nodiscard]] virtual Result<std::vector<std::string>> find(Clock::time_point deadline) = 0;
    /// Of one that was found, now or earlier. Nothing where it is no more.
    [[nodiscard]] virtual Result<std::optional<RuntimeContainer>> inspect(
        const std::string& id, Clock::time_point deadline) = 0;
    /// Error: it has no figures of its own.
    [[nodiscard]] virtual Result<RuntimeStats> stats(const std::string& id,
                                                     Clock::time_point deadline) = 0;
    /// How often it may be asked.
    [[nodiscard]] virtual Nanoseconds period() const { return std::chrono::seconds(1); }
};

}  // namespace plimsoll
