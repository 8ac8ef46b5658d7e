#include "probes/target/thread_figures.hpp"

#include "probes/container/system_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace plimsoll {
namespace {

// How often a thread's name is looked at, and the share of a core from which it is looked at again
// each time: only few threads can be that busy.
constexpr int kLooks = 2;
constexpr double kBusy = 0.05;
constexpr double kNanoseconds = 1e9;

std::uint64_t to_count(std::string_view word) {
    std::uint64_t count = 0;
    std::from_chars(word.data(), word.data() + word.size(), count);
    return count;
}

}  // namespace

bool is_gc_thread(std::string_view name) {
    // As the sources of OpenJDK 11 to 25 name them (WorkerThreads, ConcurrentGCThread, and the VM
    // thread, in which the serial collector works), and CoreCLR's gcenv.
    constexpr std::array<std::string_view, 13> kBeginnings{
        "GC Thread#",   "G1 Main",      "G1 Conc#",      "G1 Refine#", "G1 Service",
        "ParGC Thread", "Gang worker#", "ZWorker",       "ZDriver",    "ZDirector",
        "Shenandoah",   "VM Thread",    ".NET Server GC"};
    return name == ".NET BGC" || name == ".NET GC" ||
           std::any_of(kBeginnings.begin(), kBeginnings.end(),
                       [&](std::string_view begin) { return name.starts_with(begin); });
}

ThreadWatch::ThreadWatch(std::filesystem::path proc, pid_t root, const std::set<pid_t>& apart,
                         const std::set<pid_t>& behind)
    : proc_(std::move(proc)), tree_(proc_, root, apart) {
    for (const pid_t pid : behind) {
        if (pid != root) {
            behind_.emplace_back(proc_, pid, apart);
        }
    }
}

std::vector<pid_t> ThreadWatch::processes() const {
    std::set<pid_t> all;
    const auto add_all = [&](const ProcessTree& tree) {
        const std::vector<pid_t> members = tree.members();
        all.insert(members.begin(), members.end());
    };
    add_all(tree_);
    std::for_each(behind_.begin(), behind_.end(), add_all);
    return {all.begin(), all.end()};
}

void ThreadWatch::look_at_name(Id id, Known& known) const {
    auto name = read_small_file(proc_ / std::to_string(id.first) / "task" /
                                std::to_string(id.second) / "comm");
    if (name && name->ends_with('\n')) {
        name->pop_back();
    }
    if (name) {  // else it has ended, and is what it was
        known.collects = is_gc_thread(*name);
    }
    ++known.looks;
}

/// What is new of one thread; the whole of it where it began since the last sample.
void ThreadWatch::add(Id id, Known& known, bool fresh, double wall_ns) {
    const auto text = read_small_file(proc_ / std::to_string(id.first) / "task" /
                                      std::to_string(id.second) / "schedstat");
    const auto words = text ? split_words(*text) : std::vector<std::string_view>();
    if (words.size() < 2) {
        return;  // it has ended
    }
    const std::uint64_t cpu = to_count(words[0]);
    const std::uint64_t delay = to_count(words[1]);
    known.seen = true;
    if (!(first_ && fresh)) {
        const std::uint64_t used = cpu - std::min(cpu, known.cpu_ns);
        if (known.looks >= kLooks && static_cast<double>(used) > kBusy * wall_ns) {
            look_at_name(id, known);
        }
        if (!known.collects) {
            const auto ns = static_cast<double>(used);
            hottest_ns_ = std::max(hottest_ns_, used);
            used_ns_ += ns;
            squared_used_ns2_ += ns * ns;
        }
        delay_ns_ += delay - std::min(delay, known.delay_ns);
        gc_ns_ += known.collects ? used : 0;
    }
    any_collects_ = any_collects_ || known.collects;
    known.cpu_ns = cpu;
    known.delay_ns = delay;
}

std::optional<ThreadFigures> ThreadWatch::sample(Clock::time_point now) {
    const auto tree = tree_.sample();
    if (!tree) {
        return std::nullopt;
    }
    hottest_ns_ = 0;
    used_ns_ = 0;
    squared_used_ns2_ = 0;
    const double wall_ns = to_seconds(now - last_) * kNanoseconds;
    for (auto& [id, known] : threads_) {
        known.seen = false;
    }
    for (ProcessTree& other : behind_) {
        (void)other.sample();
    }
    const std::vector<pid_t> all = processes();
    for (const pid_t pid : all) {
        for (const pid_t thread : numeric_entries(proc_ / std::to_string(pid) / "task")) {
            const Id id{pid, thread};
            const auto [at, fresh] = threads_.try_emplace(id);
            if (at->second.looks < kLooks) {
                look_at_name(id, at->second);
            }
            add(id, at->second, fresh, wall_ns);
        }
    }
    std::erase_if(threads_, [](const auto& entry) { return !entry.second.seen; });
    ThreadFigures figures;
    figures.processes = static_cast<double>(all.size());
    figures.threads = static_cast<double>(threads_.size());
    if (!first_ && wall_ns > 0) {
        figures.hottest_ratio = static_cast<double>(hottest_ns_) / wall_ns;
    }
    if (!first_ && squared_used_ns2_ > 0) {
        figures.at_work = used_ns_ * used_ns_ / squared_used_ns2_;
    }
    figures.run_delay_s = static_cast<double>(delay_ns_) / kNanoseconds;
    if (any_collects_) {
        figures.gc_cpu_s = static_cast<double>(gc_ns_) / kNanoseconds;
    }
    first_ = false;
    last_ = now;
    return figures;
}

}  // namespace plimsoll
