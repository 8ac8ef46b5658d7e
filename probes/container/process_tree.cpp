#include "probes/container/process_tree.hpp"

#include "probes/container/system_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace plimsoll {
namespace {

/// Of so many processes the files stay open, three each; of more they are opened anew in each
/// sample. Connections need descriptors too.
std::size_t most_kept_open() {
    constexpr rlim_t kMost = 256;
    constexpr rlim_t kShare = 64;  // three sixty-fourths of the limit
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return std::min(limit.rlim_cur / kShare, kMost);
}

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

/// The first words of `text`; false where there are fewer.
bool take_words(std::string_view text, std::span<std::string_view> words) {
    for (std::string_view& word : words) {
        const std::size_t begin = text.find_first_not_of(" \n");
        if (begin == std::string_view::npos) {
            return false;
        }
        const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
        word = text.substr(begin, end - begin);
        text.remove_prefix(end);
    }
    return true;
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view text) {
    // The command is in parentheses and may itself hold spaces and parentheses.
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return std::nullopt;
    }
    // proc(5) counts from 1 and `state`, the first after the command, is field 3.
    constexpr std::size_t kFirst = 3;
    std::array<std::string_view, 22 - kFirst + 1> fields;
    if (!take_words(text.substr(close + 1), fields)) {
        return std::nullopt;
    }
    ProcessStat stat;
    stat.command = std::string(text.substr(open + 1, close - open - 1));
    stat.parent = to_number<pid_t>(fields[4 - kFirst]);
    stat.own_cpu_s = ticks_to_seconds(fields[14 - kFirst]) + ticks_to_seconds(fields[15 - kFirst]);
    stat.reaped_cpu_s =
        ticks_to_seconds(fields[16 - kFirst]) + ticks_to_seconds(fields[17 - kFirst]);
    stat.threads = to_number<int>(fields[20 - kFirst]);
    // A main thread that has ended shows as one too, while others go on.
    stat.ended = (fields[3 - kFirst] == "Z" || fields[3 - kFirst] == "X") && stat.threads <= 1;
    stat.start_ticks = to_number<std::uint64_t>(fields[22 - kFirst]);
    return stat;
}

std::optional<ProcessStat> read_stat(const std::filesystem::path& proc, pid_t pid) {
    const std::optional<std::string> text = read_small_file(proc / std::to_string(pid) / "stat");
    return text ? parse_stat(*text) : std::nullopt;
}

ProcessTree::ProcessTree(std::filesystem::path proc, pid_t root, std::set<pid_t> apart)
    : proc_(std::move(proc)),
      files_(proc_),
      most_kept_open_(most_kept_open()),
      root_(root),
      apart_(std::move(apart)),
      children_files_(
          std::filesystem::exists(proc_ / "self/task" / std::to_string(gettid()) / "children")) {
    if (const auto stat = stat_of(root_)) {
        root_start_ = stat->start_ticks;
    }
}

std::optional<ProcessStat> ProcessTree::stat_of(pid_t pid) {
    ProcessFiles once(false);
    return stat_of(once, pid);
}

std::optional<ProcessStat> ProcessTree::stat_of(ProcessFiles& files, pid_t pid) {
    const auto text = files_.read(files, pid, ProcFile::Stat);
    return text ? parse_stat(*text) : std::nullopt;
}

std::optional<ProcessTree::Sample> ProcessTree::sample() {
    const std::optional<ProcessStat> root = stat_of(root_);
    if (!root || root->start_ticks != root_start_) {
        return std::nullopt;
    }
    if (!children_files_) {
        by_parent_.clear();
        for (const pid_t pid : numeric_entries(proc_)) {
            if (const auto stat = stat_of(pid)) {
                by_parent_.emplace(stat->parent, pid);
            }
        }
    }
    Sample sample;
    largest_shared_ = 0;
    before_ = std::move(members_);
    members_.clear();
    add(root_, sample);
    while (!before_.empty()) {  // ended, or daemons: members whose parent has ended
        auto node = before_.extract(before_.begin());
        const auto stat = stat_of(node.mapped().files, node.key());
        if (stat && stat->start_ticks == node.mapped().start_ticks) {
            const pid_t daemon = node.key();
            before_.insert(std::move(node));
            add(daemon, sample);
        }
    }
    if (root->ended && sample.processes == 1) {
        return std::nullopt;
    }
    sample.cpu_s = cpu_.update(sample.cpu_s);
    sample.memory_bytes += largest_shared_;
    return sample;
}

std::vector<pid_t> ProcessTree::members() const {
    std::vector<pid_t> pids;
    pids.reserve(members_.size());
    for (const auto& [pid, member] : members_) {
        pids.push_back(pid);
    }
    return pids;
}

/// Breadth first, so that every parent is read before its children.
void ProcessTree::add(pid_t pid, Sample& sample) {
    std::vector<pid_t> queue{pid};
    for (std::size_t next = 0; next < queue.size(); ++next) {
        const pid_t member = queue[next];
        if (member != root_ && apart_.contains(member)) {
            continue;
        }
        if (const std::optional<ProcessStat> stat = take_member(member)) {
            sample.cpu_s += stat->own_cpu_s + stat->reaped_cpu_s;
            ++sample.processes;
            ProcessFiles& files = members_.at(member).files;
            add_memory(files, member, sample);
            add_children(files, member, stat->threads, queue);
        }
    }
}

std::optional<ProcessStat> ProcessTree::take_member(pid_t pid) {
    if (members_.contains(pid)) {
        return std::nullopt;
    }
    const auto fresh = [this] {
        return Member{0, ProcessFiles(members_.size() + before_.size() < most_kept_open_)};
    };
    auto known = before_.extract(pid);
    Member member = known.empty() ? fresh() : std::move(known.mapped());
    std::optional<ProcessStat> stat = stat_of(member.files, pid);
    if (!stat && !known.empty()) {  // that one has ended, and its number is another's by now
        member = fresh();
        stat = stat_of(member.files, pid);
    }
    if (stat) {
        member.start_ticks = stat->start_ticks;
        members_.emplace(pid, std::move(member));
    }
    return stat;
}

void ProcessTree::add_memory(ProcessFiles& files, pid_t pid, Sample& sample) {
    static const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    const auto text = files_.read(files, pid, ProcFile::Statm);
    std::array<std::string_view, 3> fields;  // size, resident, shared ... in pages
    if (text && take_words(*text, fields)) {
        const double shared = to_number<double>(fields[2]) * page;
        sample.memory_bytes += to_number<double>(fields[1]) * page - shared;
        largest_shared_ = std::max(largest_shared_, shared);
    }
}

void ProcessTree::add_children(ProcessFiles& files, pid_t pid, int threads,
                               std::vector<pid_t>& found) {
    if (!children_files_) {
        const auto [begin, end] = by_parent_.equal_range(pid);
        for (auto entry = begin; entry != end; ++entry) {
            found.push_back(entry->second);
        }
        return;
    }
    const auto add_those = [&](std::optional<std::string_view> text) {
        for (const std::string_view word : split_words(text.value_or(""))) {
            found.push_back(to_number<pid_t>(word));
        }
    };
    if (threads == 1) {  // most processes
        add_those(files_.read(files, pid, ProcFile::Children));
        return;
    }
    for (const pid_t thread : numeric_entries(proc_ / std::to_string(pid) / "task")) {
        add_those(files_.read_children(pid, thread));
    }
}

}  // namespace plimsoll
