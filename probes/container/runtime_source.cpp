#include "probes/container/runtime_source.hpp"

#include "probes/container/system_files.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

// Older than this, what the engine said about restarts and the like is not passed on as new.
constexpr Nanoseconds kEngineFresh = std::chrono::seconds(10);

std::string link_text(const fs::path& link) {
    std::array<char, 64> buffer{};
    const ssize_t size = readlink(link.c_str(), buffer.data(), buffer.size());
    return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

/// 0 where there is none, or none that can be seen from this pid namespace.
pid_t first_process(const CgroupFolders& folders) {
    const fs::path& folder = folders.cpu.empty() ? folders.memory : folders.cpu;
    const auto pid = folder.empty() ? std::nullopt : read_number(folder / "cgroup.procs");
    return static_cast<pid_t>(pid.value_or(0));
}

}  // namespace

NetworkBytes network_of(pid_t pid, const fs::path& proc) {
    NetworkBytes bytes;
    const fs::path process = proc / std::to_string(pid);
    const std::string its = link_text(process / "ns/net");
    if (its.empty() || its == link_text(proc / "self/ns/net")) {
        return bytes;  // the host's: not this container's alone
    }
    const auto text = read_small_file(process / "net/dev");
    for (const std::string_view line : split_lines(text ? std::string_view(*text) : "")) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            continue;  // two lines of headings
        }
        const std::vector<std::string_view> name = split_words(line.substr(0, colon));
        const std::vector<std::string_view> fields = split_words(line.substr(colon + 1));
        if (name.empty() || name.front() == "lo" || fields.size() < 9) {
            continue;
        }
        bytes.received = bytes.received.value_or(0) + parse_number(fields[0]).value_or(0);
        bytes.sent = bytes.sent.value_or(0) + parse_number(fields[8]).value_or(0);
    }
    return bytes;
}

RuntimeSource::RuntimeSource(std::unique_ptr<ContainerRuntime> runtime, fs::path proc,
                             fs::path cgroup_root)
    : proc_(std::move(proc)), cgroup_root_(std::move(cgroup_root)), watch_(std::move(runtime)) {}

Status RuntimeSource::start(Clock::time_point deadline) {
    return watch_.start(deadline);
}

CgroupFolders RuntimeSource::folders_of(const RuntimeContainer& info) const {
    if (info.cgroup.empty()) {
        return find_container_cgroup(info.id, info.pid, proc_, cgroup_root_);
    }
    const auto found = find_cgroup(info.cgroup, cgroup_root_);
    return found ? *found : CgroupFolders();
}

void RuntimeSource::begin_life(const RuntimeContainer& info, Life& life) {
    // One that is started anew at once is never seen ended: what it died of is said of the new one.
    const bool died_unseen = !life.started_at.empty() && info.oom_killed && !life.counted_end;
    life.kills = std::max(life.kills, died_unseen ? 1.0 : 0.0);
    life.started_at = info.started_at;
    life.folders = folders_of(info);
    life.pid = info.pid != 0 ? info.pid : first_process(life.folders);
    life.cpu.rebase();
    life.kills_before += life.kills;
    life.kills = 0;
    life.counted_end = false;
    if (!life.folders.any()) {
        slow_ = true;
        watch_.want_stats(info.id);
    }
}

void RuntimeSource::add_engine_figures(const WatchedContainer& container,
                                       ContainerFigures& figures) {
    const RuntimeContainer& info = container.info;
    figures.limit_cores = figures.limit_cores ? figures.limit_cores : info.limit_cores;
    figures.memory_limit_bytes =
        figures.memory_limit_bytes ? figures.memory_limit_bytes : info.memory_limit_bytes;
    if (!container.stats) {
        return;
    }
    const RuntimeStats& stats = *container.stats;
    figures.cpu_s = stats.cpu_s;
    figures.periods = stats.periods;
    figures.throttled_periods = stats.throttled_periods;
    figures.throttled_s = stats.throttled_s;
    figures.working_set_bytes = stats.working_set_bytes;
    figures.received_bytes = stats.received_bytes;
    figures.sent_bytes = stats.sent_bytes;
}

ContainerFigures RuntimeSource::figures_of(const WatchedContainer& container) {
    const RuntimeContainer& info = container.info;
    Life& life = lives_[info.id];
    const bool begun = info.running && life.started_at != info.started_at;
    if (begun) {
        begin_life(info, life);
    }
    ContainerFigures figures;
    if (info.running && life.folders.any()) {
        static_cast<CgroupSample&>(figures) = read_cgroup(life.folders);
        const NetworkBytes network = network_of(life.pid, proc_);
        figures.received_bytes = network.received;
        figures.sent_bytes = network.sent;
    }
    if (info.running) {
        add_engine_figures(container, figures);
    }
    if (figures.cpu_s) {
        figures.cpu_s = life.cpu.update(*figures.cpu_s);
    }
    // A cgroup goes with its container: how the last life ended, only the engine can say.
    life.kills = std::max(life.kills, figures.oom_kills.value_or(0));
    if (!info.running && info.oom_killed && !life.counted_end) {
        life.kills = std::max(life.kills, 1.0);
        life.counted_end = true;
    }
    figures.oom_kills = life.kills_before + life.kills;
    figures.name = info.name;
    figures.running = info.running;
    if (!info.running) {
        figures.exit_code = info.exit_code;
    }
    figures.restarts = info.restarts;
    return figures;
}

Result<std::vector<ContainerFigures>> RuntimeSource::sample() {
    const std::shared_ptr<const RuntimeView> view = watch_.latest();
    if (view->containers.empty()) {
        return view->error ? *view->error
                           : Error{"whoever runs the containers has not answered yet"};
    }
    const bool stale = Clock::now() - view->at > kEngineFresh;
    std::vector<ContainerFigures> all;
    for (const WatchedContainer& container : view->containers) {
        ContainerFigures figures = figures_of(container);
        if (stale && !figures.cpu_s) {
            return view->error ? *view->error
                               : Error{"whoever runs the containers does not answer"};
        }
        if (stale) {
            figures.running.reset();
            figures.exit_code.reset();
            figures.restarts.reset();
        }
        all.push_back(std::move(figures));
    }
    return all;
}

std::vector<std::pair<std::string, std::string>> RuntimeSource::facts() const {
    std::vector<std::pair<std::string, std::string>> facts;
    const std::shared_ptr<const RuntimeView> view = watch_.latest();
    if (view->containers.empty()) {
        return facts;
    }
    constexpr std::size_t kShortId = 12;
    const RuntimeContainer& info = view->containers.front().info;
    facts.emplace_back("container", info.name);
    facts.emplace_back("container_id", info.id.substr(0, kShortId));
    facts.emplace_back("containers", std::to_string(view->containers.size()));
    const auto life = lives_.find(info.id);
    if (life != lives_.end() && life->second.folders.any()) {
        const CgroupFolders& folders = life->second.folders;
        facts.emplace_back("cgroup", folders.cpu.empty() ? folders.memory : folders.cpu);
        facts.emplace_back("cgroup_version", std::to_string(folders.version));
    }
    return facts;
}

}  // namespace plimsoll
