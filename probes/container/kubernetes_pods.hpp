// Which pods of this node carry some labels, and what Kubernetes knows of their containers.
#pragma once

#include "base/result.hpp"
#include "probes/container/container_runtime.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Where the API is and by which right it is asked. The defaults are a pod's.
struct KubernetesAccess {
    /// "https://10.96.0.1:443", or "http://127.0.0.1:8001" of `kubectl proxy`, with a path before
    /// /api where there is one; empty: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, which
    /// each pod has.
    std::string api;
    /// The folder with `token`, `ca.crt` and `namespace`. A file that is missing is not used; the
    /// token is read anew for each question, since the kubelet renews it, and sent by https alone.
    std::filesystem::path account = "/var/run/secrets/kubernetes.io/serviceaccount";
    std::string node;  // asked for its pods alone; empty: for all, of which those here are taken
};
/// PLIMSOLL_KUBERNETES_API and NODE_NAME, where they are set.
[[nodiscard]] KubernetesAccess kubernetes_from_environment();

struct PodChoice {
    std::string selector;    // of labels, as kubectl's -l: "app=web,tier!=batch"
    std::string name_space;  // empty: the account's own, or "default"
};

/// The containers of the running pods that are chosen and whose cgroups are below `cgroup_root`,
/// that is, on this node. Asks GET /api/v1/namespaces/NAMESPACE/pods and nothing else: the verb
/// `list` on `pods` is all that it needs. A container is known as POD/CONTAINER, where a namespace
/// is named as NAMESPACE/POD/CONTAINER.
[[nodiscard]] std::unique_ptr<ContainerRuntime> make_pod_runtime(KubernetesAccess access,
                                                                 PodChoice choice,
                                                                 std::filesystem::path cgroup_root);

/// The containers of a PodList, those too that wait or have ended; of the init containers those
/// that run (sidecars) or fail. `id` is the pod's uid and the container's name, which a restart
/// leaves as they are. Pure, for tests. Error: no such document.
[[nodiscard]] Result<std::vector<RuntimeContainer>> parse_pods(std::string_view json);

}  // namespace plimsoll
