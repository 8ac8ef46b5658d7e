// What the threads of a process tree do.
#pragma once

#include "base/clock.hpp"
#include "probes/container/process_tree.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace plimsoll {

/// Whether a thread of this name (15 characters, as the kernel keeps it) collects garbage: the
/// JVM's parallel, G1, Z, Shenandoah and serial collectors, and .NET's.
[[nodiscard]] bool is_gc_thread(std::string_view name);

struct ThreadFigures {
    double processes = 0, threads = 0;
    /// CPU time over wall time of the busiest thread that does not collect garbage, since the last
    /// sample; nothing in the first.
    std::optional<double> hottest_ratio;
    /// Among how many threads the CPU time since the last sample was shared out: n where n take
    /// turns, 1 where one does all. (sum)² / sum of squares (the inverse of Simpson's index), those
    /// that collect garbage left out; nothing in the first sample, or where none ran.
    std::optional<double> at_work;
    double run_delay_s = 0;          // all threads: ready to run, and waiting for a CPU
    std::optional<double> gc_cpu_s;  // of the threads that collect garbage, where there are any
};

/// Reads /proc/PID/task/TID/schedstat of each thread of a tree, in nanoseconds. The sums begin at 0
/// with the first sample and never fall. A thread's name is looked at when it is first seen and
/// once more at the next sample, since runtimes name a thread after it has begun; that of a busy
/// thread at every sample, since some name it with its first task. Threading: one thread.
class ThreadWatch {
public:
    /// `apart`: as of ProcessTree; `behind`: as of TargetSocketsOptions.
    ThreadWatch(std::filesystem::path proc, pid_t root, const std::set<pid_t>& apart = {},
                const std::set<pid_t>& behind = {});
    /// Nothing when the root has ended.
    [[nodiscard]] std::optional<ThreadFigures> sample(Clock::time_point now);
    /// Of the last sample, the root among them.
    [[nodiscard]] std::vector<pid_t> processes() const;

private:
    struct Known {
        std::uint64_t cpu_ns = 0, delay_ns = 0;
        int looks = 0;  // at its name
        bool collects = false;
        bool seen = false;  // in this sample
    };
    using Id = std::pair<pid_t, pid_t>;  // process, thread
    void add(Id id, Known& known, bool fresh, double wall_ns);
    void look_at_name(Id id, Known& known) const;

    std::filesystem::path proc_;
    ProcessTree tree_;
    std::vector<ProcessTree> behind_;
    std::map<Id, Known> threads_;
    Clock::time_point last_{};
    bool first_ = true;
    std::uint64_t hottest_ns_ = 0;               // of this sample
    double used_ns_ = 0, squared_used_ns2_ = 0;  // of this sample, all but collectors
    std::uint64_t delay_ns_ = 0, gc_ns_ = 0;
    bool any_collects_ = false;
};

}  // namespace plimsoll
