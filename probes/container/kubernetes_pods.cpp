#include "probes/container/kubernetes_pods.hpp"

#include "net/http_client.hpp"
#include "net/url_text.hpp"
#include "probes/container/cgroup.hpp"
#include "probes/container/json_fields.hpp"
#include "probes/container/pod_cgroup.hpp"
#include "probes/container/system_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

const json::array& list(const json::value& from, std::initializer_list<std::string_view> path) {
    static const json::array kNone;
    const json::value* value = at(from, path);
    const json::array* array = value == nullptr ? nullptr : value->if_array();
    return array == nullptr ? kNone : *array;
}

int whole(const json::value& from, std::initializer_list<std::string_view> path) {
    const json::value* value = at(from, path);
    const bool number = value != nullptr && value->is_int64();
    return number ? static_cast<int>(value->get_int64()) : 0;
}

/// A container's status: it runs, waits (and has perhaps ended before), or has ended.
RuntimeContainer container_of(const json::value& pod, const json::value& status) {
    RuntimeContainer found;
    const std::string uid = text(pod, {"metadata", "uid"});
    const std::string name = text(status, {"name"});
    found.id = uid + '/' + name;
    found.name = text(pod, {"metadata", "name"}) + '/' + name;
    const std::string id = text(status, {"containerID"});
    found.cgroup = id.empty() ? std::string() : fmt::format("{}{}/{}", kPodPrefix, uid, id);
    found.running = at(status, {"state", "running"}) != nullptr;
    // A runtime gives a container that is started again another id.
    found.started_at = id + ' ' + text(status, {"state", "running", "startedAt"});
    const bool over = at(status, {"state", "terminated"}) != nullptr;
    const std::string_view how = over ? "state" : "lastState";
    found.oom_killed = text(status, {how, "terminated", "reason"}) == "OOMKilled";
    found.exit_code = whole(status, {how, "terminated", "exitCode"});
    found.restarts = whole(status, {"restartCount"});
    return found;
}

class PodRuntime final : public ContainerRuntime {
public:
    PodRuntime(KubernetesAccess access, PodChoice choice, fs::path cgroup_root)
        : access_(std::move(access)),
          choice_(std::move(choice)),
          cgroup_root_(std::move(cgroup_root)) {}

    Result<std::vector<std::string>> find(Clock::time_point deadline) override;
    Result<std::optional<RuntimeContainer>> inspect(const std::string& id,
                                                    Clock::time_point /*deadline*/) override {
        if (failed_) {
            return *failed_;
        }
        const auto found =
            std::find_if(known_.begin(), known_.end(),
                         [&](const RuntimeContainer& each) { return each.id == id; });
        return found == known_.end() ? std::optional<RuntimeContainer>() : std::optional(*found);
    }
    Result<RuntimeStats> stats(const std::string& /*id*/, Clock::time_point /*deadline*/) override {
        return Error{"Kubernetes has no figures of a container"};
    }
    /// All nodes ask the same server.
    Nanoseconds period() const override { return std::chrono::seconds(5); }

private:
    Result<std::vector<RuntimeContainer>> ask(Clock::time_point deadline);
    Status connect();
    std::string name_space() const;
    [[nodiscard]] Error refusal(const HttpResponse& response) const;
    [[nodiscard]] std::string which() const;

    const KubernetesAccess access_;
    const PodChoice choice_;
    const fs::path cgroup_root_;
    std::string address_;
    std::string path_;  // before /api
    bool encrypted_ = false;
    std::optional<HttpClient> client_;
    std::vector<RuntimeContainer> known_;  // as of the last answer
    std::optional<Error> failed_;          // the last question
};

/// The word that a file of the account holds; empty where it is missing.
std::string word_in(const fs::path& path) {
    const auto text = read_small_file(path);
    const auto words = split_words(text ? std::string_view(*text) : "");
    return words.empty() ? std::string() : std::string(words.front());
}

std::string PodRuntime::name_space() const {
    if (!choice_.name_space.empty()) {
        return choice_.name_space;
    }
    const std::string own = word_in(access_.account / "namespace");
    return own.empty() ? "default" : own;
}

Status PodRuntime::connect() {
    address_ = access_.api;
    if (address_.empty()) {
        const std::string host = environment("KUBERNETES_SERVICE_HOST");
        const std::string port = environment("KUBERNETES_SERVICE_PORT");
        if (host.empty()) {
            return Error{"this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST is not set", "",
                         "outside of one: kubectl proxy, and PLIMSOLL_KUBERNETES_API="
                         "http://127.0.0.1:8001"};
        }
        const bool v6 = host.find(':') != std::string::npos;
        address_ =
            fmt::format("https://{}:{}", v6 ? '[' + host + ']' : host, port.empty() ? "443" : port);
    }
    const auto url = parse_url(address_);
    if (!url || url->scheme == Url::Scheme::Unix) {
        return Error{
            "the API's address cannot be used: it must be http:// or https://, a host, and "
            "perhaps a port and a path",
            access_.api.empty() ? "KUBERNETES_SERVICE_HOST" : "PLIMSOLL_KUBERNETES_API"};
    }
    address_ = url->origin();
    path_ = url->target.substr(0, url->target.find('?'));
    while (path_.ends_with('/')) {
        path_.pop_back();
    }
    encrypted_ = url->scheme == Url::Scheme::Https;
    HttpClientOptions options;
    options.max_response_bytes = 16U << 20U;  // some thousand pods
    const fs::path authority = access_.account / "ca.crt";
    std::error_code ignored;
    if (fs::exists(authority, ignored)) {
        options.ca_file = authority.string();
    }
    auto client = HttpClient::create(*url, options);
    if (!client) {
        return Error{client.error().what, options.ca_file, client.error().hint};
    }
    client_.emplace(std::move(*client));
    return {};
}

std::string PodRuntime::which() const {
    return fmt::format("pods with the labels {} in the namespace {}", choice_.selector,
                       name_space());
}

/// With the API's own words, where it has some.
Error PodRuntime::refusal(const HttpResponse& response) const {
    boost::system::error_code no_json;
    const json::value status = json::parse(response.body, no_json);
    std::string said = no_json ? std::string() : text(status, {"message"});
    constexpr std::size_t kLongest = 300;
    said.resize(std::min(said.size(), kLongest));
    const std::string reason = fmt::format("Kubernetes refuses to list {} ({}){}", which(),
                                           response.status, said.empty() ? "" : ": " + said);
    std::string hint;
    if (response.status == 401) {
        hint = fmt::format("the token in {} is missing, expired or not this cluster's",
                           access_.account.string());
    } else if (response.status == 403) {
        hint =
            "the service account needs the verb list on pods there: "
            "deploy/kubernetes/probe/rbac.yaml";
    } else if (response.status == 400) {
        hint = "a selector is written as for kubectl's -l, e.g. app=web,tier!=batch";
    }
    return {reason, address_, hint};
}

Result<std::vector<RuntimeContainer>> PodRuntime::ask(Clock::time_point deadline) {
    if (!client_) {
        if (Status connected = connect(); !connected) {
            return connected.error();
        }
    }
    HttpRequest request;
    // Of the server's memory, not of its store.
    request.target =
        path_ + fmt::format("/api/v1/namespaces/{}/pods?resourceVersion=0&labelSelector={}",
                            percent_encoded(name_space()), percent_encoded(choice_.selector));
    if (!access_.node.empty()) {
        request.target += "&fieldSelector=" + percent_encoded("spec.nodeName=" + access_.node);
    }
    request.headers.push_back({"Accept", "application/json"});
    // Whoever listens on the way would have the account.
    const std::string token = encrypted_ ? word_in(access_.account / "token") : std::string();
    if (!token.empty()) {
        request.headers.push_back({"Authorization", "Bearer " + token});
    }
    const auto response = client_->send(request, deadline);
    if (!response) {
        return Error{"Kubernetes cannot be asked: " + response.error().what, address_,
                     response.error().hint};
    }
    if (response->status != 200) {
        return refusal(*response);
    }
    auto parsed = parse_pods(response->body);
    return parsed ? parsed : Error{parsed.error().what, address_, parsed.error().hint};
}

Result<std::vector<std::string>> PodRuntime::find(Clock::time_point deadline) {
    auto answer = ask(deadline);
    failed_ = answer ? std::nullopt : std::optional(answer.error());
    if (failed_) {
        return *failed_;
    }
    known_ = std::move(*answer);
    for (RuntimeContainer& each : known_) {
        each.name = choice_.name_space.empty() ? each.name : choice_.name_space + '/' + each.name;
    }
    std::vector<std::string> here;
    std::size_t running = 0;
    for (const RuntimeContainer& each : known_) {
        running += each.running ? 1U : 0U;
        if (each.running && find_cgroup(each.cgroup, cgroup_root_)) {
            here.push_back(each.id);
        }
    }
    if (!here.empty()) {
        return here;
    }
    if (running == 0) {
        return Error{fmt::format("no container runs in {}", which()), address_,
                     "kubectl get pods --show-labels"};
    }
    return Error{fmt::format("none of the {} running containers of {} has a cgroup below {}",
                             running, which(), cgroup_root_.string()),
                 access_.node.empty() ? address_ : "node " + access_.node,
                 "a probe sees the pods of its own node, with the host's /sys/fs/cgroup mounted"};
}

}  // namespace

KubernetesAccess kubernetes_from_environment() {
    KubernetesAccess access;
    access.api = environment("PLIMSOLL_KUBERNETES_API");
    access.node = environment("NODE_NAME");
    return access;
}

std::unique_ptr<ContainerRuntime> make_pod_runtime(KubernetesAccess access, PodChoice choice,
                                                   fs::path cgroup_root) {
    return std::make_unique<PodRuntime>(std::move(access), std::move(choice),
                                        std::move(cgroup_root));
}

Result<std::vector<RuntimeContainer>> parse_pods(std::string_view document) {
    boost::system::error_code failed;
    const json::value pods = json::parse(document, failed);
    if (failed || at(pods, {"items"}) == nullptr || !at(pods, {"items"})->is_array()) {
        return Error{"the list of pods cannot be read", "", "is this the API of Kubernetes?"};
    }
    std::vector<RuntimeContainer> found;
    for (const json::value& pod : list(pods, {"items"})) {
        for (const std::string_view kind : {"containerStatuses", "initContainerStatuses"}) {
            for (const json::value& status : list(pod, {"status", kind})) {
                RuntimeContainer container = container_of(pod, status);
                // Of those that prepare a pod, the ones that go on are sidecars.
                if (kind == "containerStatuses" || container.running || container.exit_code != 0) {
                    found.push_back(std::move(container));
                }
            }
        }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& one, const auto& other) { return one.name < other.name; });
    return found;
}

}  // namespace plimsoll
