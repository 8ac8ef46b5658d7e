#include "probes/container/container_engine.hpp"

#include "net/url_text.hpp"
#include "probes/container/json_fields.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

std::optional<double> number(const json::value& from,
                             std::initializer_list<std::string_view> path) {
    const json::value* value = at(from, path);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    return value->to_number<double>();
}

bool flag(const json::value& from, std::initializer_list<std::string_view> path) {
    const json::value* value = at(from, path);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::string without_slash(const std::string& name) {
    return name.starts_with('/') ? name.substr(1) : name;
}

Error not_understood(const char* what) {
    return {fmt::format("the container engine's {} cannot be read", what), "",
            "is this Docker's or Podman's API?"};
}

std::optional<double> quota_cores(const json::value& inspected) {
    if (const auto nano = number(inspected, {"HostConfig", "NanoCpus"}); nano && *nano > 0) {
        return *nano / 1e9;
    }
    constexpr double kDefaultPeriod_us = 100'000;
    const double quota = number(inspected, {"HostConfig", "CpuQuota"}).value_or(0);
    const double period = number(inspected, {"HostConfig", "CpuPeriod"}).value_or(0);
    if (quota <= 0) {
        return std::nullopt;
    }
    return quota / (period > 0 ? period : kDefaultPeriod_us);
}

void read_networks(const json::value& stats, RuntimeStats& out) {
    const json::value* networks = at(stats, {"networks"});
    if (networks == nullptr || !networks->is_object()) {
        return;  // on the host's network the engine does not know
    }
    for (const auto& [name, network] : networks->get_object()) {
        out.received_bytes =
            out.received_bytes.value_or(0) + number(network, {"rx_bytes"}).value_or(0);
        out.sent_bytes = out.sent_bytes.value_or(0) + number(network, {"tx_bytes"}).value_or(0);
    }
}

}  // namespace

Result<RuntimeContainer> parse_inspect(std::string_view text_) {
    boost::system::error_code failed;
    const json::value document = json::parse(text_, failed);
    RuntimeContainer found;
    found.id = failed ? std::string() : text(document, {"Id"});
    if (found.id.empty()) {
        return not_understood("description of a container");
    }
    found.name = without_slash(text(document, {"Name"}));
    found.running = flag(document, {"State", "Running"});
    found.oom_killed = flag(document, {"State", "OOMKilled"});
    found.started_at = text(document, {"State", "StartedAt"});
    found.exit_code = static_cast<int>(number(document, {"State", "ExitCode"}).value_or(0));
    found.pid = static_cast<pid_t>(number(document, {"State", "Pid"}).value_or(0));
    found.restarts = number(document, {"RestartCount"}).value_or(0);
    found.limit_cores = quota_cores(document);
    if (const auto memory = number(document, {"HostConfig", "Memory"}); memory && *memory > 0) {
        found.memory_limit_bytes = memory;
    }
    return found;
}

Result<RuntimeStats> parse_stats(std::string_view text_) {
    boost::system::error_code failed;
    const json::value document = json::parse(text_, failed);
    if (failed || !document.is_object()) {
        return not_understood("figures");
    }
    RuntimeStats stats;
    constexpr double kNano = 1e9;
    const auto seconds = [&](std::initializer_list<std::string_view> path) {
        auto value = number(document, path);
        return value ? std::optional(*value / kNano) : std::nullopt;
    };
    stats.cpu_s = seconds({"cpu_stats", "cpu_usage", "total_usage"});
    stats.periods = number(document, {"cpu_stats", "throttling_data", "periods"});
    stats.throttled_periods =
        number(document, {"cpu_stats", "throttling_data", "throttled_periods"});
    stats.throttled_s = seconds({"cpu_stats", "throttling_data", "throttled_time"});
    if (stats.periods.value_or(0) == 0) {
        // Podman reports zero whatever happens, and so does an engine without a quota: say nothing.
        stats.periods = stats.throttled_periods = stats.throttled_s = std::nullopt;
    }
    if (const auto usage = number(document, {"memory_stats", "usage"})) {
        const auto v1 = number(document, {"memory_stats", "stats", "total_inactive_file"});
        const auto v2 = number(document, {"memory_stats", "stats", "inactive_file"});
        stats.working_set_bytes = std::max(*usage - v1.value_or(v2.value_or(0)), 0.0);
    }
    read_networks(document, stats);
    return stats;
}

std::string engine_from_environment() {
    for (const char* name : {"DOCKER_HOST", "CONTAINER_HOST"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') {
            return value;
        }
    }
    return {};
}

Result<std::vector<std::string>> engine_addresses(const std::string& docker_host) {
    constexpr std::string_view kUnix = "unix://";
    constexpr std::string_view kTcp = "tcp://";
    if (docker_host.starts_with(kUnix)) {
        return std::vector{"unix:" + docker_host.substr(kUnix.size())};
    }
    if (docker_host.starts_with(kTcp) || docker_host.starts_with("http://")) {
        const char* tls = std::getenv("DOCKER_TLS_VERIFY");
        if (tls != nullptr && *tls != '\0') {
            return Error{"DOCKER_TLS_VERIFY is set, and container engines are not reached over TLS",
                         "DOCKER_HOST", "name the container's cgroup, pid or port instead"};
        }
        const std::size_t scheme = docker_host.find("://") + 3;
        return std::vector{"http://" + docker_host.substr(scheme)};
    }
    if (!docker_host.empty()) {
        return Error{"the container engine's address must begin with unix:// or tcp://",
                     "DOCKER_HOST", "e.g. unix:///var/run/docker.sock"};
    }
    std::vector<std::string> candidates{"/var/run/docker.sock", "/run/podman/podman.sock"};
    if (const char* user = std::getenv("XDG_RUNTIME_DIR"); user != nullptr && *user != '\0') {
        candidates.push_back(std::string(user) + "/docker.sock");
        candidates.push_back(std::string(user) + "/podman/podman.sock");
    }
    std::vector<std::string> there;
    for (const std::string& path : candidates) {
        std::error_code ignored;
        if (std::filesystem::is_socket(path, ignored)) {
            there.push_back("unix:" + path);
        }
    }
    if (there.empty()) {
        return Error{"no container engine found: neither Docker's nor Podman's socket is there", "",
                     "start it, or set DOCKER_HOST, e.g. unix:///var/run/docker.sock"};
    }
    return there;
}

Result<ContainerEngine> ContainerEngine::create(const std::string& address) {
    HttpClientOptions options;
    options.max_response_bytes = 16U << 20U;
    auto client = HttpClient::create(address, options);
    if (!client) {
        return client.error();
    }
    return ContainerEngine(address, std::move(*client));
}

Result<HttpResponse> ContainerEngine::get(const std::string& target, Clock::time_point deadline) {
    HttpRequest request;
    request.target = target;
    auto response = client_.send(request, deadline);
    if (!response) {
        Error error = response.error();
        if (error.what.find("denied") != std::string::npos) {
            error.hint = "this user may not use the socket: run as root, or join its group";
        }
        return error;
    }
    if (response->status >= 400 && response->status != 404) {
        return Error{fmt::format("the container engine answers {} to {}", response->status,
                                 target.substr(0, target.find('?'))),
                     address_};
    }
    return response;
}

Result<std::vector<std::string>> ContainerEngine::list(const std::string& filters,
                                                       Clock::time_point deadline) {
    const auto response = get("/containers/json?filters=" + percent_encoded(filters), deadline);
    if (!response) {
        return response.error();
    }
    boost::system::error_code failed;
    const json::value document = json::parse(response->body, failed);
    if (failed || !document.is_array()) {
        return not_understood("list of containers");
    }
    std::vector<std::string> ids;
    for (const json::value& one : document.get_array()) {
        ids.push_back(text(one, {"Id"}));
    }
    return ids;
}

std::string ContainerEngine::running_names(Clock::time_point deadline) {
    constexpr std::size_t kShown = 10;
    const auto response = get("/containers/json", deadline);
    boost::system::error_code failed;
    const json::value document = response ? json::parse(response->body, failed) : json::value();
    std::vector<std::string> names;
    if (!failed && document.is_array()) {
        for (const json::value& one : document.get_array()) {
            const json::value* list = at(one, {"Names"});
            const json::array* array = list != nullptr ? list->if_array() : nullptr;
            if (array != nullptr && !array->empty() && array->front().is_string()) {
                names.push_back(without_slash(std::string(array->front().get_string())));
            }
        }
    }
    std::sort(names.begin(), names.end());
    const bool more = names.size() > kShown;
    names.resize(std::min(names.size(), kShown));
    return names.empty()
               ? "no container runs there"
               : fmt::format("these run: {}{}", fmt::join(names, ", "), more ? " ..." : "");
}

Result<std::vector<std::string>> ContainerEngine::find(const ContainerChoice& choice,
                                                       Clock::time_point deadline) {
    std::string what;
    Result<std::vector<std::string>> found = std::vector<std::string>();
    if (choice.published_port != 0) {
        what = fmt::format("no running container publishes port {}", choice.published_port);
        found = list(fmt::format(R"({{"publish":["{}"]}})", choice.published_port), deadline);
    } else if (!choice.label.empty()) {
        what = fmt::format("no running container carries the label {}", choice.label);
        found =
            list(R"({"label":[)" + json::serialize(json::string(choice.label)) + "]}", deadline);
    } else {
        what = fmt::format("there is no container \"{}\"", choice.name);
        const auto named = inspect(choice.name, deadline);
        if (!named) {
            return named.error();
        }
        if (*named) {
            return std::vector{(*named)->id};
        }
        const std::string service = "com.docker.compose.service=" + choice.name;
        found = list(R"({"label":[)" + json::serialize(json::string(service)) + "]}", deadline);
    }
    if (found && found->empty()) {
        return Error{what, address_, running_names(deadline)};
    }
    return found;
}

Result<std::optional<RuntimeContainer>> ContainerEngine::inspect(const std::string& id,
                                                                 Clock::time_point deadline) {
    const auto response = get("/containers/" + percent_encoded(id) + "/json", deadline);
    if (!response) {
        return response.error();
    }
    if (response->status == 404) {
        return std::optional<RuntimeContainer>();
    }
    auto parsed = parse_inspect(response->body);
    if (!parsed) {
        return parsed.error();
    }
    return std::optional(std::move(*parsed));
}

Result<RuntimeStats> ContainerEngine::stats(const std::string& id, Clock::time_point deadline) {
    // one-shot spares the engine's second sample, where it knows that word.
    const auto response =
        get("/containers/" + percent_encoded(id) + "/stats?stream=false&one-shot=true", deadline);
    if (!response) {
        return response.error();
    }
    if (response->status != 200) {
        return Error{"the container is gone", address_};
    }
    return parse_stats(response->body);
}

namespace {

class EngineRuntime final : public ContainerRuntime {
public:
    EngineRuntime(std::string docker_host, ContainerChoice choice)
        : docker_host_(std::move(docker_host)), choice_(std::move(choice)) {}

    Result<std::vector<std::string>> find(Clock::time_point deadline) override {
        return engine_ ? engine_->find(choice_, deadline) : find_engine(deadline);
    }
    Result<std::optional<RuntimeContainer>> inspect(const std::string& id,
                                                    Clock::time_point deadline) override {
        return engine_->inspect(id, deadline);
    }
    Result<RuntimeStats> stats(const std::string& id, Clock::time_point deadline) override {
        return engine_->stats(id, deadline);
    }

private:
    Result<std::vector<std::string>> find_engine(Clock::time_point deadline) {
        const auto addresses = engine_addresses(docker_host_);
        if (!addresses) {
            return addresses.error();
        }
        Error last;
        for (const std::string& address : *addresses) {
            auto engine = ContainerEngine::create(address);
            if (!engine) {
                last = engine.error();
                continue;
            }
            auto found = engine->find(choice_, deadline);
            if (found) {
                engine_.emplace(std::move(*engine));
                return found;
            }
            last = found.error();
        }
        return last;
    }

    const std::string docker_host_;
    const ContainerChoice choice_;
    std::optional<ContainerEngine> engine_;
};

}  // namespace

std::unique_ptr<ContainerRuntime> make_engine_runtime(std::string docker_host,
                                                      ContainerChoice choice) {
    return std::make_unique<EngineRuntime>(std::move(docker_host), std::move(choice));
}

}  // namespace plimsoll
