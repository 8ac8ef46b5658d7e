#include "probes/container/process_tree.hpp"

#include "probes/container/system_files.hpp"

#include <algorithm>
#include <charconv>
#include <unistd.h>
#include <utility>

namespace plimsoll {
namespace {

template <typename Number>
Number to_number(std::string_view word) {
    Number value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
}

double ticks_to_seconds(std::string_view word) {
    static const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    return to_number<double>(word) / per_second;
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
    // The command is in parentheses and may itself hold spaces and parentheses.
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    const std::vector<std::string_view> fields = split_words(text.substr(close + 1));
    // proc(5) counts from 1 and `state`, the first after the command, is field 3.
    constexpr std::size_t kFirst = 3;
    if (fields.size() <= 22 - kFirst) {
        return std::nullopt;
    }
    ProcessStat stat;
    stat.command = std::string(text.substr(open + 1, close - open - 1));
    stat.parent = to_number<pid_t>(fields[4 - kFirst]);
    stat.own_cpu_s = ticks_to_seconds(fields[14 - kFirst]) + ticks_to_seconds(fields[15 - kFirst]);
    stat.reaped_cpu_s =
        ticks_to_seconds(fields[16 - kFirst]) + ticks_to_seconds(fields[17 - kFirst]);
    stat.start_ticks = to_number<std::uint64_t>(fields[22 - kFirst]);
    return stat;
}

std::optional<ProcessStat> read_stat(const std::filesystem::path& proc, pid_t pid) {
    const std::optional<std::string> text = read_small_file(proc / std::to_string(pid) / "stat");
    return text ? parse_stat(*text) : std::nullopt;
}

double SteadyCounter::update(double sum) {
    if (!started_) {
        total_ = sum;
        started_ = true;
    } else if (known_) {
        const double rise = sum - last_;
        if (rise < 0) {
            dip_ -= rise;
        } else {
            total_ += std::max(rise - dip_, 0.0);
            dip_ = 0;
        }
    }
    last_ = sum;
    known_ = true;
    return total_;
}

ProcessTree::ProcessTree(std::filesystem::path proc, pid_t root)
    : proc_(std::move(proc)),
      root_(root),
      children_files_(
          std::filesystem::exists(proc_ / "self/task" / std::to_string(gettid()) / "children")) {
    if (const auto stat = read_stat(proc_, root_)) {
        root_start_ = stat->start_ticks;
    }
}

std::optional<ProcessTree::Sample> ProcessTree::sample() {
    const std::optional<ProcessStat> root = read_stat(proc_, root_);
    if (!root || root->start_ticks != root_start_) {
        return std::nullopt;
    }
    if (!children_files_) {
        by_parent_.clear();
        for (const pid_t pid : numeric_entries(proc_)) {
            if (const auto stat = read_stat(proc_, pid)) {
                by_parent_.emplace(stat->parent, pid);
            }
        }
    }
    Sample sample;
    largest_shared_ = 0;
    std::map<pid_t, std::uint64_t> members;
    add(root_, sample, members);
    for (const auto& [pid, start] : members_) {  // daemons: members whose parent has ended
        if (!members.contains(pid)) {
            if (const auto stat = read_stat(proc_, pid); stat && stat->start_ticks == start) {
                add(pid, sample, members);
            }
        }
    }
    members_ = std::move(members);
    sample.cpu_s = cpu_.update(sample.cpu_s);
    sample.memory_bytes += largest_shared_;
    return sample;
}

/// Breadth first, so that every parent is read before its children.
void ProcessTree::add(pid_t pid, Sample& sample, std::map<pid_t, std::uint64_t>& members) {
    static const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    std::vector<pid_t> queue{pid};
    for (std::size_t next = 0; next < queue.size(); ++next) {
        const pid_t member = queue[next];
        const std::optional<ProcessStat> stat = read_stat(proc_, member);
        if (!stat || !members.emplace(member, stat->start_ticks).second) {
            continue;
        }
        sample.cpu_s += stat->own_cpu_s + stat->reaped_cpu_s;
        ++sample.processes;
        if (const auto statm = read_small_file(proc_ / std::to_string(member) / "statm")) {
            const std::vector<std::string_view> fields = split_words(*statm);
            if (fields.size() > 2) {  // size, resident, shared ... in pages
                const double shared = to_number<double>(fields[2]) * page;
                sample.memory_bytes += to_number<double>(fields[1]) * page - shared;
                largest_shared_ = std::max(largest_shared_, shared);
            }
        }
        const std::vector<pid_t> found = children(member);
        queue.insert(queue.end(), found.begin(), found.end());
    }
}

std::vector<pid_t> ProcessTree::children(pid_t pid) const {
    std::vector<pid_t> found;
    if (!children_files_) {
        const auto [begin, end] = by_parent_.equal_range(pid);
        for (auto entry = begin; entry != end; ++entry) {
            found.push_back(entry->second);
        }
        return found;
    }
    const std::filesystem::path tasks = proc_ / std::to_string(pid) / "task";
    for (const pid_t thread : numeric_entries(tasks)) {
        if (const auto text = read_small_file(tasks / std::to_string(thread) / "children")) {
            for (const std::string_view word : split_words(*text)) {
                found.push_back(to_number<pid_t>(word));
            }
        }
    }
    return found;
}

}  // namespace plimsoll
