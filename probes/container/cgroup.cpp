#include "probes/container/cgroup.hpp"

#include "probes/container/pod_cgroup.hpp"
#include "probes/container/system_files.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

/// Version 1 shows "no limit" as the largest multiple of a page that fits a signed 64-bit number.
constexpr double kNoMemoryLimit = 0x1p60;

bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

/// The mount points that a version 1 controller may have.
std::vector<const char*> mounts_of(std::string_view controller) {
    if (controller == "memory") {
        return {"memory"};
    }
    if (controller == "cpuacct") {
        return {"cpuacct", "cpu,cpuacct", "cpuacct,cpu"};
    }
    return {"cpu", "cpu,cpuacct", "cpuacct,cpu"};
}

/// The folder of `relative` in a controller's hierarchy; empty where it is not.
fs::path find_in_v1(std::string_view controller, const fs::path& relative, const fs::path& root) {
    if (relative.empty()) {
        return {};
    }
    for (const char* mount : mounts_of(controller)) {
        if (is_folder(root / mount / relative)) {
            return root / mount / relative;
        }
    }
    return {};
}

bool is_v2(const fs::path& root) {
    std::error_code ignored;
    return fs::exists(root / "cgroup.controllers", ignored);
}

CgroupFolders folders_v2(const fs::path& relative, const fs::path& root) {
    const fs::path folder = root / relative;
    if (relative.empty() || !is_folder(folder)) {
        return {2, {}, {}, {}, root};
    }
    return {2, folder, folder, folder, root};
}

/// `path` without leading slashes; empty for the root and for what leads out of what we can see.
fs::path relative_part(std::string_view path) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    const fs::path relative(path);
    const bool leads_out = std::find(relative.begin(), relative.end(), "..") != relative.end();
    return leads_out ? fs::path() : relative;
}

/// "cpu/shop" → "shop" when "cpu" is a hierarchy, not part of the cgroup's name.
fs::path without_mount(const fs::path& relative) {
    const std::string first = relative.empty() ? "" : relative.begin()->string();
    for (const char* controller : {"cpu", "cpuacct", "memory"}) {
        const std::vector<const char*> mounts = mounts_of(controller);
        if (std::find(mounts.begin(), mounts.end(), first) != mounts.end()) {
            return relative.lexically_relative(first);
        }
    }
    return relative;
}

/// The folder and its parents, up to and without the hierarchy's root.
std::vector<fs::path> lineage(fs::path folder, const CgroupFolders& folders) {
    std::vector<fs::path> found;
    fs::path top = folders.root;
    if (folders.version == 1 && !folder.empty()) {
        top /= *folder.lexically_relative(folders.root).begin();  // the controller's mount
    }
    for (; !folder.empty() && folder != top; folder = folder.parent_path()) {
        found.push_back(folder);
    }
    return found;
}

std::optional<double> quota_v2(const fs::path& folder) {
    const std::optional<std::string> text = read_small_file(folder / "cpu.max");
    const auto words = split_words(text ? std::string_view(*text) : std::string_view());
    if (words.size() < 2) {
        return std::nullopt;
    }
    const std::optional<double> quota_us = parse_number(words[0]);  // or "max"
    const std::optional<double> period_us = parse_number(words[1]);
    if (!quota_us || !period_us || *period_us <= 0) {
        return std::nullopt;
    }
    return *quota_us / *period_us;
}

std::optional<double> quota_v1(const fs::path& folder) {
    const std::optional<double> quota_us = read_number(folder / "cpu.cfs_quota_us");
    const std::optional<double> period_us = read_number(folder / "cpu.cfs_period_us");
    if (!quota_us || !period_us || *quota_us <= 0 || *period_us <= 0) {
        return std::nullopt;
    }
    return *quota_us / *period_us;
}

void read_cpu(const CgroupFolders& folders, CgroupSample& sample) {
    if (folders.cpuacct.empty()) {
        return;
    }
    if (folders.version == 1) {
        if (const auto usage_ns = read_number(folders.cpuacct / "cpuacct.usage")) {
            sample.cpu_s = *usage_ns / 1e9;
        }
        return;
    }
    if (const auto stat = read_small_file(folders.cpuacct / "cpu.stat")) {
        if (const auto usage_us = find_number(*stat, "usage_usec")) {
            sample.cpu_s = *usage_us / 1e6;
        }
    }
}

struct Throttling {
    std::optional<double> periods, throttled_periods, throttled_s;
    void add(const Throttling& other) {
        const auto sum = [](std::optional<double>& to, const std::optional<double>& value) {
            if (value) {
                to = to.value_or(0) + *value;
            }
        };
        sum(periods, other.periods);
        sum(throttled_periods, other.throttled_periods);
        sum(throttled_s, other.throttled_s);
    }
};

Throttling read_throttling(const fs::path& folder, int version) {
    Throttling found;
    if (const auto stat = read_small_file(folder / "cpu.stat")) {
        found.periods = find_number(*stat, "nr_periods");
        found.throttled_periods = find_number(*stat, "nr_throttled");
        const bool v2 = version == 2;
        if (const auto time = find_number(*stat, v2 ? "throttled_usec" : "throttled_time")) {
            found.throttled_s = *time / (v2 ? 1e6 : 1e9);
        }
    }
    return found;
}

std::optional<double> quota_of(const fs::path& folder, int version) {
    return version == 2 ? quota_v2(folder) : quota_v1(folder);
}

/// A pod's containers have quotas of their own below the pod's, and it is mostly those that hold
/// back. Nothing where the cgroup is no pod's.
struct PodContainers {
    double cores = 0;
    bool all_limited = true;
    bool any_limited = false;
    Throttling throttling;
};
std::optional<PodContainers> read_pod(const CgroupFolders& folders) {
    if (folders.cpu.string().find("/kubepods") == std::string::npos ||
        folders.cpu.filename().string().find("pod") == std::string::npos) {
        return std::nullopt;
    }
    PodContainers pod;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folders.cpu, ignored)) {
        if (!entry.is_directory(ignored)) {
            continue;
        }
        const std::optional<double> cores = quota_of(entry.path(), folders.version);
        pod.all_limited = pod.all_limited && cores.has_value();
        if (cores) {
            pod.any_limited = true;
            pod.cores += *cores;
            pod.throttling.add(read_throttling(entry.path(), folders.version));
        }
    }
    return pod;
}

void read_quota(const CgroupFolders& folders, CgroupSample& sample) {
    if (folders.cpu.empty()) {
        return;
    }
    fs::path tightest = folders.cpu;
    for (const fs::path& folder : lineage(folders.cpu, folders)) {
        const std::optional<double> cores = quota_of(folder, folders.version);
        if (cores && (!sample.limit_cores || *cores < *sample.limit_cores)) {
            sample.limit_cores = cores;
            tightest = folder;
        }
    }
    Throttling throttling = read_throttling(tightest, folders.version);
    const std::optional<PodContainers> pod = read_pod(folders);
    if (pod && pod->any_limited) {
        if (!sample.limit_cores && pod->all_limited) {
            sample.limit_cores = pod->cores;
        }
        if (pod->throttling.throttled_periods.value_or(0) >=
            throttling.throttled_periods.value_or(0)) {
            throttling = pod->throttling;
            tightest = folders.cpu / "*";
        }
    }
    sample.quota = tightest;
    sample.periods = throttling.periods;
    sample.throttled_periods = throttling.throttled_periods;
    sample.throttled_s = throttling.throttled_s;
}

void read_memory(const CgroupFolders& folders, CgroupSample& sample) {
    if (folders.memory.empty()) {
        return;
    }
    const bool v2 = folders.version == 2;
    for (const fs::path& folder : lineage(folders.memory, folders)) {
        const auto limit = read_number(folder / (v2 ? "memory.max" : "memory.limit_in_bytes"));
        if (limit && *limit < kNoMemoryLimit) {
            sample.memory_limit_bytes =
                std::min(sample.memory_limit_bytes.value_or(*limit), *limit);
        }
    }
    const auto usage =
        read_number(folders.memory / (v2 ? "memory.current" : "memory.usage_in_bytes"));
    const auto stat = read_small_file(folders.memory / "memory.stat");
    if (usage && stat) {
        const auto cache = find_number(*stat, v2 ? "inactive_file" : "total_inactive_file");
        sample.working_set_bytes = std::max(*usage - cache.value_or(0), 0.0);
    }
    if (const auto events =
            read_small_file(folders.memory / (v2 ? "memory.events" : "memory.oom_control"))) {
        sample.oom_kills = find_number(*events, "oom_kill");
    }
}

void read_pressure(const CgroupFolders& folders, CgroupSample& sample) {
    if (folders.version != 2 || folders.cpu.empty()) {
        return;  // version 1 has none per cgroup
    }
    for (std::size_t i = 0; i < kPressureResources.size(); ++i) {
        const std::string file = std::string(kPressureResources[i]) + ".pressure";
        if (const auto text = read_small_file(folders.cpu / file)) {
            sample.pressure[i] = parse_pressure(*text);
        }
    }
}

bool names(const CgroupFolders& folders, std::string_view id) {
    for (const fs::path* folder : {&folders.cpu, &folders.cpuacct, &folders.memory}) {
        if (folder->string().find(id) != std::string::npos) {
            return true;
        }
    }
    return false;
}

}  // namespace

Pressure parse_pressure(std::string_view text) {
    Pressure pressure;
    for (const std::string_view line : split_lines(text)) {
        const std::size_t total = line.find("total=");
        if (total == std::string_view::npos) {
            continue;
        }
        const auto stalled_us = parse_number(line.substr(total + 6));
        if (stalled_us) {
            (line.starts_with("full") ? pressure.full_s : pressure.some_s) = *stalled_us / 1e6;
        }
    }
    return pressure;
}

CgroupFolders find_container_cgroup(std::string_view id, pid_t pid, const fs::path& proc,
                                    const fs::path& root) {
    if (pid > 0) {
        CgroupFolders folders = cgroup_of(pid, proc, root);
        if (names(folders, id)) {
            return folders;
        }
    }
    const std::string name(id);
    for (const std::string& path :
         {"/docker/" + name, "/system.slice/docker-" + name + ".scope",
          "/machine.slice/libpod-" + name + ".scope", "/libpod_parent/libpod-" + name}) {
        if (auto folders = find_cgroup(path, root)) {
            return *folders;
        }
    }
    CgroupFolders none;
    none.root = root;
    return none;
}

Result<CgroupFolders> find_cgroup(const std::string& given, const fs::path& root) {
    if (given.starts_with(kPodPrefix)) {
        const auto path = find_pod_cgroup(given, root);
        return path ? find_cgroup(*path, root) : path.error();
    }
    const std::string prefix = root.string() + "/";
    const bool absolute = given.starts_with(prefix);
    fs::path relative = relative_part(absolute ? given.substr(prefix.size()) : given);
    CgroupFolders folders;
    if (is_v2(root)) {
        folders = folders_v2(relative, root);
    } else {
        relative = absolute ? without_mount(relative) : relative;
        folders = {1, find_in_v1("cpu", relative, root), find_in_v1("cpuacct", relative, root),
                   find_in_v1("memory", relative, root), root};
    }
    if (folders.any()) {
        return folders;
    }
    return Error{"there is no cgroup \"" + given + "\" under " + root.string(), "",
                 "name it as /proc/PID/cgroup does, e.g. /system.slice/shop.service, or by its "
                 "folder; the root cgroup has no limits and is not taken"};
}

namespace {

/// `controllers`: ",cpu,cpuacct,", those whose hierarchies have the cgroup at `relative`.
void take_v1(const std::string& controllers, const fs::path& relative, CgroupFolders& folders) {
    for (const auto& [controller, folder] : {std::pair<const char*, fs::path*>{"cpu", &folders.cpu},
                                             {"cpuacct", &folders.cpuacct},
                                             {"memory", &folders.memory}}) {
        if (controllers.find("," + std::string(controller) + ",") != std::string::npos) {
            *folder = find_in_v1(controller, relative, folders.root);
        }
    }
}

}  // namespace

CgroupFolders cgroup_of(pid_t pid, const fs::path& proc, const fs::path& root) {
    CgroupFolders folders;
    folders.root = root;
    folders.version = is_v2(root) ? 2 : 1;
    const std::optional<std::string> text = read_small_file(proc / std::to_string(pid) / "cgroup");
    for (const std::string_view line : split_lines(text ? std::string_view(*text) : "")) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string_view::npos) {
            continue;
        }
        const std::string controllers =
            "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
        const fs::path relative = relative_part(line.substr(second + 1));
        if (folders.version == 2) {
            if (controllers == ",,") {
                return folders_v2(relative, root);
            }
            continue;
        }
        take_v1(controllers, relative, folders);
    }
    return folders;
}

CgroupSample read_cgroup(const CgroupFolders& folders) {
    CgroupSample sample;
    read_cpu(folders, sample);
    read_quota(folders, sample);
    read_memory(folders, sample);
    read_pressure(folders, sample);
    return sample;
}

}  // namespace plimsoll
