#include "lab/cgroup.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kGroupPrefix = "plimsoll-lab-";

Error refused(const std::string& path, int code) {
    return Error{"a control group could not be set up: " + std::generic_category().message(code),
                 path,
                 "it needs root and a writable cgroup hierarchy; in a container, give the "
                 "container the limit instead"};
}

/// Written in one call, as these files want it.
Status put(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool ok = fd >= 0 && ::write(fd, text.data(), text.size()) >= 0;
    const int code = errno;
    if (fd >= 0) {
        ::close(fd);
    }
    return ok ? Status{} : Status{refused(path, code)};
}

/// Where a controller is, and which group of it we are in.
struct Hierarchy {
    std::string folder;
    std::string home;
    bool v2 = false;
};

/// The path after the last colon in the line of /proc/self/cgroup that names `controller`.
std::string own_group(std::string_view controller) {
    std::ifstream file("/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line)) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        std::istringstream names(line.substr(first + 1, second - first - 1));
        std::string name;
        bool found = controller.empty() && first + 1 == second;
        while (std::getline(names, name, ',')) {
            found = found || name == controller;
        }
        if (found) {
            return line.substr(second + 1);
        }
    }
    return "/";
}

Result<Hierarchy> find_hierarchy(const std::string& root, const std::string& controller) {
    std::error_code ignored;
    Hierarchy found;
    if (fs::exists(root + "/cgroup.controllers", ignored)) {
        found = {root, root + own_group(""), true};
    } else if (fs::exists(root + "/" + controller + "/cgroup.procs", ignored)) {
        found = {root + "/" + controller, {}, false};
        found.home = found.folder + own_group(controller);
    } else {
        return Error{"there is no cgroup hierarchy for " + controller, root,
                     "mount one, or give the container the limit instead"};
    }
    // In a container the paths of /proc/self/cgroup may lie outside of what is mounted.
    if (!fs::exists(found.home + "/cgroup.procs", ignored)) {
        found.home = found.folder;
    }
    return found;
}

Result<std::string> make_group(const Hierarchy& hierarchy, const std::string& controller) {
    sweep_stale_cgroups(hierarchy.folder);
    if (hierarchy.v2) {
        // Harmless when it is on already; when it is refused, a limit file will be missing below.
        static_cast<void>(put(hierarchy.folder + "/cgroup.subtree_control", "+" + controller));
    }
    if (hierarchy.v2 && hierarchy.home.find(kGroupPrefix) != std::string::npos) {
        return Error{"cgroup version 2 allows one limit of ours at a time", hierarchy.home,
                     "remove the other fault first"};
    }
    const std::string path =
        fmt::format("{}/{}{}-{}", hierarchy.folder, kGroupPrefix, ::getpid(), controller);
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
        return refused(path, errno);
    }
    return path;
}

Status enter(const std::string& path,
             const std::vector<std::pair<std::string, std::string>>& limits) {
    for (const auto& [name, value] : limits) {
        if (const auto status = put(path + "/" + name, value); !status) {
            return status;
        }
    }
    return put(path + "/cgroup.procs", std::to_string(::getpid()));
}

}  // namespace

CgroupCage::~CgroupCage() {
    leave();
}
CgroupCage::CgroupCage(CgroupCage&& other) noexcept
    : path_(std::exchange(other.path_, {})), home_(std::exchange(other.home_, {})) {}
CgroupCage& CgroupCage::operator=(CgroupCage&& other) noexcept {
    if (this != &other) {
        leave();
        path_ = std::exchange(other.path_, {});
        home_ = std::exchange(other.home_, {});
    }
    return *this;
}

Result<CgroupCage> CgroupCage::limit_cpu(double cores, Nanoseconds period,
                                         const std::string& root) {
    const auto hierarchy = find_hierarchy(root, "cpu");
    if (!hierarchy) {
        return hierarchy.error();
    }
    auto path = make_group(*hierarchy, "cpu");
    if (!path) {
        return path.error();
    }
    const auto period_us = std::chrono::duration_cast<std::chrono::microseconds>(period).count();
    const long long quota_us =
        std::max(1000LL, static_cast<long long>(cores * static_cast<double>(period_us)));
    const Status entered =
        hierarchy->v2 ? enter(*path, {{"cpu.max", fmt::format("{} {}", quota_us, period_us)}})
                      : enter(*path, {{"cpu.cfs_period_us", std::to_string(period_us)},
                                      {"cpu.cfs_quota_us", std::to_string(quota_us)}});
    if (!entered) {
        ::rmdir(path->c_str());
        return entered.error();
    }
    CgroupCage cage;
    cage.path_ = std::move(*path);
    cage.home_ = hierarchy->home;
    return cage;
}

Result<CgroupCage> CgroupCage::limit_memory(std::uint64_t bytes, const std::string& root) {
    const auto hierarchy = find_hierarchy(root, "memory");
    if (!hierarchy) {
        return hierarchy.error();
    }
    auto path = make_group(*hierarchy, "memory");
    if (!path) {
        return path.error();
    }
    const std::string limit = std::to_string(bytes);
    const Status entered = hierarchy->v2 ? enter(*path, {{"memory.max", limit}})
                                         : enter(*path, {{"memory.limit_in_bytes", limit}});
    if (!entered) {
        ::rmdir(path->c_str());
        return entered.error();
    }
    // Where swap is not accounted for, these files do not exist, and there is nothing to close.
    static_cast<void>(hierarchy->v2 ? put(*path + "/memory.swap.max", "0")
                                    : put(*path + "/memory.memsw.limit_in_bytes", limit));
    CgroupCage cage;
    cage.path_ = std::move(*path);
    cage.home_ = hierarchy->home;
    return cage;
}

void CgroupCage::leave() {
    if (path_.empty()) {
        return;
    }
    static_cast<void>(put(home_ + "/cgroup.procs", std::to_string(::getpid())));
    // The group is busy until the kernel has moved every thread.
    for (int attempt = 0; attempt < 100 && ::rmdir(path_.c_str()) != 0 && errno == EBUSY;
         ++attempt) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    path_.clear();
}

void sweep_stale_cgroups(const std::string& hierarchy) {
    std::error_code problem;
    fs::directory_iterator entries(hierarchy, problem);
    while (!problem && entries != fs::directory_iterator()) {
        const std::string path = entries->path().string();
        const std::string name = entries->path().filename().string();
        entries.increment(problem);
        if (!name.starts_with(kGroupPrefix)) {
            continue;
        }
        pid_t pid = 0;
        std::from_chars(name.data() + kGroupPrefix.size(), name.data() + name.size(), pid);
        if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) {
            ::rmdir(path.c_str());
        }
    }
}

}  // namespace plimsoll
