#include "run/fit.hpp"

#include "engine/socket_budget.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kNone = UINT64_MAX;

std::uint64_t read_number(const std::string& path) {
    std::ifstream in(path);
    std::string text;
    std::uint64_t value = 0;
    in >> text;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && parsed.ec == std::errc{} ? value : kNone;  // "max" is none
}

std::uint64_t available_in_system() {
    std::ifstream in("/proc/meminfo");
    std::string word;
    std::uint64_t value = 0;
    while (in >> word) {
        if (word == "MemAvailable:" && in >> value) {
            return value * 1024;
        }
    }
    return kNone;
}

/// Left below the limits of our memory cgroup and those above it, version 1 or 2.
std::uint64_t available_in_cgroup() {
    std::ifstream in("/proc/self/cgroup");
    std::uint64_t least = kNone;
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const bool unified = controllers.empty();
        if (!unified && controllers.find("memory") == std::string::npos) {
            continue;
        }
        const std::string root = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
        std::string path = line.substr(second + 1);
        for (;;) {
            const std::string folder = root + path + '/';
            const auto limit =
                read_number(folder + (unified ? "memory.max" : "memory.limit_in_bytes"));
            const auto used =
                read_number(folder + (unified ? "memory.current" : "memory.usage_in_bytes"));
            if (limit != kNone && used != kNone) {
                least = std::min(least, limit > used ? limit - used : 0);
            }
            if (path.empty() || path == "/") {
                break;
            }
            path.resize(path.rfind('/'));
        }
    }
    return least;
}

std::string size_text(double bytes) {
    return bytes >= 1e9 ? fmt::format("{:.1f} GB", bytes / 1e9)
                        : fmt::format("{:.0f} MB", bytes / 1e6);
}

std::uint64_t users_of(const Executor& executor, Segment segment) {
    return is_open(executor.kind)
               ? 0
               : static_cast<std::uint64_t>(segment_level(executor, segment, executor.max_vus));
}

/// The most users that run at the same time: it is reached where one executor begins.
std::uint64_t most_at_once(const Scenario& scenario, Segment segment) {
    std::uint64_t most = 0;
    for (const Executor& at : scenario.load) {
        std::uint64_t sum = 0;
        for (const Executor& each : scenario.load) {
            const bool runs = each.start_time <= at.start_time &&
                              at.start_time < each.start_time + each.ramp.duration();
            sum += runs ? users_of(each, segment) : 0;
        }
        most = std::max(most, sum);
    }
    return most;
}

}  // namespace

MachineLimits read_machine_limits(std::uint64_t reserved) {
    return {std::min(available_in_system(), available_in_cgroup()),
            SocketBudget(1, reserved).descriptors()};
}

Status check_fits(const Scenario& scenario, Segment segment, const MachineLimits& limits) {
    if (limits.descriptors == 0) {
        return Error{"no file descriptor is left for a connection, beside those of the run itself",
                     "load", "raise RLIMIT_NOFILE (ulimit -n); nothing was sent"};
    }
    std::uint64_t users = 0;
    for (const Executor& executor : scenario.load) {
        users += users_of(executor, segment);
    }
    const std::uint64_t sockets = most_at_once(scenario, segment);
    if (users * kBytesPerUser <= limits.memory_bytes && sockets <= limits.descriptors) {
        return {};
    }
    return Error{
        fmt::format("{} users do not fit on this machine: they need {} of memory ({} KiB each; {} "
                    "available) and {} file descriptors for their connections ({} left of "
                    "RLIMIT_NOFILE, ulimit -n)",
                    users, size_text(static_cast<double>(users * kBytesPerUser)),
                    kBytesPerUser / 1024, size_text(static_cast<double>(limits.memory_bytes)),
                    sockets, limits.descriptors),
        "load",
        "fewer users, a higher limit, or parts on several machines (--segment 1/4); nothing was "
        "sent"};
}

}  // namespace plimsoll
