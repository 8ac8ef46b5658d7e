// A process and all its descendants, measured from /proc.
#pragma once

#include "probes/container/proc_files.hpp"
#include "probes/container/steady_counter.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

/// The fields of /proc/PID/stat that matter here.
struct ProcessStat {
    pid_t parent = 0;
    std::uint64_t start_ticks = 0;  // since boot: tells a pid from its next owner
    double own_cpu_s = 0;           // user and system time of all its threads, ended ones included
    double reaped_cpu_s = 0;        // of descendants that have ended and been waited for
    int threads = 0;
    bool ended = false;  // and nobody has waited for it yet
    std::string command;
};
/// Nothing when `text` is not such a line.
[[nodiscard]] std::optional<ProcessStat> parse_stat(std::string_view text);
[[nodiscard]] std::optional<ProcessStat> read_stat(const std::filesystem::path& proc, pid_t pid);

/// A process tree's use of CPU and memory.
///
/// CPU is the sum over living members of their own time and that of their ended children that were
/// waited for, so what a member used stays counted when it ends: it moves into its parent's
/// figure. Parents are read before their children, so that a child which is waited for in between
/// is missing for one sample instead of counted twice; SteadyCounter bridges that. What is lost
/// for good is only the time of children that nobody waits for (SIGCHLD ignored) since their last
/// sample. A member whose parent ended (a daemon) stays a member. Resolution: one tick, 10 ms.
///
/// Memory is every member's private resident memory plus the largest shared resident memory of any
/// one of them: PostgreSQL's shared buffers count once. Pages that a fork left shared count in
/// each. This costs one small file per process; exact shares (PSS) would walk all page tables.
class ProcessTree {
public:
    /// `apart`: descendants that are no part of it, with whatever is below them (a database that
    /// the application has started).
    ProcessTree(std::filesystem::path proc, pid_t root, std::set<pid_t> apart = {});

    struct Sample {
        double cpu_s = 0;
        double memory_bytes = 0;
        std::size_t processes = 0;
    };
    /// Nothing when the root has ended (or its pid is another's by now). One that nobody has waited
    /// for yet counts as long as others of the tree live.
    [[nodiscard]] std::optional<Sample> sample();

    [[nodiscard]] pid_t root() const noexcept { return root_; }
    /// The living ones as of the last sample, the root among them.
    [[nodiscard]] std::vector<pid_t> members() const;

    /// Finds children by reading every process's parent, as on kernels without
    /// /proc/PID/task/TID/children. Chosen by itself where those are missing.
    void scan_all_processes() noexcept { children_files_ = false; }

private:
    struct Member {
        std::uint64_t start_ticks;
        ProcessFiles files;
    };

    void add(pid_t pid, Sample& sample);
    /// Makes it a member of this sample; nothing where it is one already, or has ended.
    [[nodiscard]] std::optional<ProcessStat> take_member(pid_t pid);
    void add_memory(ProcessFiles& files, pid_t pid, Sample& sample);
    void add_children(ProcessFiles& files, pid_t pid, int threads, std::vector<pid_t>& found);
    [[nodiscard]] std::optional<ProcessStat> stat_of(pid_t pid);
    [[nodiscard]] std::optional<ProcessStat> stat_of(ProcessFiles& files, pid_t pid);

    std::filesystem::path proc_;
    ProcFiles files_;
    std::size_t most_kept_open_;
    pid_t root_;
    std::set<pid_t> apart_;
    std::uint64_t root_start_ = 0;
    bool children_files_;
    double largest_shared_ = 0;
    std::map<pid_t, Member> members_;        // as of the last sample
    std::map<pid_t, Member> before_;         // while sampling: those not found again so far
    std::multimap<pid_t, pid_t> by_parent_;  // of this sample, when scanning
    SteadyCounter cpu_;
};

}  // namespace plimsoll
