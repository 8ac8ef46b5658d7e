// The manifests that run a load in Kubernetes: deploy/kubernetes, filled in for a scenario.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// A file that the scenario needs, the scenario itself included.
struct DeployFile {
    std::string path;  // below the folder that all of them are mounted at; no "." and ".." in it
    std::string content;
    bool secret = false;
};

struct KubernetesPlan {
    std::string name;        // of all objects, see object_name; at most kLongestObjectName
    std::string namespace_;  // empty: that of whoever applies them
    std::string image = "plimsoll:0.1.0";
    std::uint32_t segments = 2;
    std::uint32_t cores = 2;  // of each
    std::uint32_t shards = 1;
    std::uint64_t memory_bytes = std::uint64_t{1} << 30U;
    std::uint64_t length_s = 0;  // of the load
    std::string scenario;        // its path among `files`
    std::vector<DeployFile> files;
    std::vector<std::pair<std::string, std::string>> environment;  // secrets among them
    std::string environment_secret;  // that is there already; empty: made of `environment`
    std::string token;               // by which segments and coordinator know each other
    std::string token_secret;        // that is there already, with the key gather-token
    std::string upload;  // s3://bucket/prefix: no coordinator, each segment leaves its run there
    std::string claim;   // a volume claim for the run; empty: it goes with the coordinator's pod
    bool service_monitor = false;
    std::vector<std::string> run_arguments;     // more, of each segment
    std::vector<std::string> gather_arguments;  // and of the coordinator
};

/// The longest suffix (-segments-99999) still fits into a label's 63 characters then.
inline constexpr std::size_t kLongestObjectName = 45;
/// Of all files together, as the API takes them.
inline constexpr std::uint64_t kMostConfigBytes = std::uint64_t{1} << 20U;

/// `text` (a scenario's name) as a DNS label (RFC 1123): lower case, what is no letter or digit as
/// '-'. Where that loses more than case and blanks, some digits of its hash keep two names apart.
[[nodiscard]] std::string object_name(std::string_view text);

/// All documents, one after the other. Error: files that no ConfigMap or Secret could hold, with
/// their sizes; a path that cannot be mounted.
[[nodiscard]] Result<std::string> kubernetes_manifests(const KubernetesPlan& plan);

}  // namespace plimsoll
