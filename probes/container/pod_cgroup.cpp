#include "probes/container/pod_cgroup.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

/// Parents of pods have such names; at the top a node may be inside anything.
constexpr int kAnyNames = 3;
constexpr int kDeepest = 9;

bool is_uid(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
    });
}

bool is_container_id(std::string_view text) {
    return text.size() >= 12 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

std::string without_ending(std::string name, std::string_view ending) {
    if (name.ends_with(ending)) {
        name.resize(name.size() - ending.size());
    }
    return name;
}

/// A slice's name has '-' between its parents' names, so systemd writes those of the uid as '_'.
bool is_pod(const std::string& name, std::string_view uid) {
    std::string plain = without_ending(name, ".slice");
    std::replace(plain.begin(), plain.end(), '_', '-');
    const std::string wanted = fmt::format("pod{}", uid);
    return plain == wanted || plain.ends_with('-' + wanted);
}

bool is_container(const std::string& name, std::string_view id) {
    const std::string plain = without_ending(name, ".scope");
    return plain == id || plain.ends_with('-' + std::string(id));
}

bool may_hold_pods(const std::string& name) {
    constexpr std::array<std::string_view, 4> kWords{"kube", "burstable", "besteffort",
                                                     "guaranteed"};
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        std::error_code unknown;
        if (at->is_directory(unknown) && !at->is_symlink(unknown)) {
            found.push_back(at->path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::optional<fs::path> find_pod(const fs::path& folder, std::string_view uid, int depth) {
    const auto folders = folders_in(folder);
    for (const fs::path& each : folders) {
        if (is_pod(each.filename().string(), uid)) {
            return each;
        }
    }
    for (const fs::path& each : folders) {
        if (depth < kDeepest && (depth < kAnyNames || may_hold_pods(each.filename().string()))) {
            if (auto found = find_pod(each, uid, depth + 1)) {
                return found;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

Result<std::string> find_pod_cgroup(std::string_view given, const fs::path& root) {
    std::string_view rest = given;
    rest.remove_prefix(std::min(kPodPrefix.size(), rest.size()));
    const auto slash = std::min(rest.find('/'), rest.size());
    const std::string_view uid = rest.substr(0, slash);
    std::string_view id = rest.substr(std::min(slash + 1, rest.size()));
    if (const auto scheme = id.find("://"); scheme != std::string_view::npos) {
        id.remove_prefix(scheme + 3);
    }
    if (!given.starts_with(kPodPrefix) || !is_uid(uid) ||
        (slash < rest.size() && !is_container_id(id))) {
        return Error{fmt::format("must be pod:UID or pod:UID/CONTAINER, got \"{}\"", given), "",
                     "kubectl get pod NAME -o jsonpath='{.metadata.uid}'"};
    }
    std::error_code error;
    const bool unified = fs::exists(root / "cgroup.controllers", error);
    // In version 1 each hierarchy has the same paths; a pod is in both of these.
    const auto tops =
        unified ? std::vector<fs::path>{root}
                : std::vector<fs::path>{root / "cpu", root / "cpu,cpuacct", root / "memory"};
    for (const fs::path& top : tops) {
        const auto pod = find_pod(top, uid, 0);
        if (!pod) {
            continue;
        }
        if (id.empty()) {
            return '/' + pod->lexically_relative(top).string();
        }
        for (const fs::path& each : folders_in(*pod)) {
            if (is_container(each.filename().string(), id)) {
                return '/' + each.lexically_relative(top).string();
            }
        }
        return Error{
            fmt::format("the pod {} has no container {} on this node", uid, id), "",
            "kubectl get pod NAME -o jsonpath='{.status.containerStatuses[*].containerID}'"};
    }
    return Error{fmt::format("there is no pod {} on this node, below {}", uid, root.string()), "",
                 "a probe sees the pods of its own node, with the host's /sys/fs/cgroup mounted"};
}

}  // namespace plimsoll
