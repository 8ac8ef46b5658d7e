// Docker's and Podman's API: which containers there are, and what the engine knows of them.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

/// Which containers. Exactly one field is set.
struct ContainerChoice {
    std::string name;   // or id; or, where no container has that name, a Compose service
    std::string label;  // "key" or "key=value": all running containers that carry it
    std::uint16_t published_port = 0;  // of the host
};

/// What the engine says of one container. Nothing in a limit: there is none.
struct EngineContainer {
    std::string id;
    std::string name;
    std::string started_at;  // as the engine writes it: tells one start from the next
    pid_t pid = 0;           // 0 while it does not run
    bool running = false;
    bool oom_killed = false;  // the last end was for lack of memory
    int exit_code = 0;
    double restarts = 0;
    std::optional<double> limit_cores;
    std::optional<double> memory_limit_bytes;
};

/// The engine's own figures, for containers whose cgroup cannot be seen from here.
struct EngineStats {
    std::optional<double> cpu_s;
    std::optional<double> periods, throttled_periods, throttled_s;
    std::optional<double> working_set_bytes;  // usage without the file cache that is easy to drop
    std::optional<double> received_bytes, sent_bytes;
};

/// Where an engine may be reached: what `docker_host` says ("unix:///path", "tcp://host:port"),
/// else the sockets that are there of those that Docker and Podman make by default. Error: an
/// address that cannot be used (ssh, TLS), or no socket at all.
[[nodiscard]] Result<std::vector<std::string>> engine_addresses(const std::string& docker_host);
/// DOCKER_HOST, else CONTAINER_HOST (Podman's); empty where neither is set.
[[nodiscard]] std::string engine_from_environment();

/// A connection to one engine. All calls return by their deadline; none changes anything.
/// Threading: one thread at a time.
class ContainerEngine {
public:
    /// `address` as engine_addresses gives it. Opens nothing yet.
    [[nodiscard]] static Result<ContainerEngine> create(const std::string& address);

    /// The ids of the containers chosen. Error: none fits (with the names of those that run), or
    /// the engine does not answer.
    [[nodiscard]] Result<std::vector<std::string>> find(const ContainerChoice& choice,
                                                        Clock::time_point deadline);
    /// Nothing where there is no such container any more.
    [[nodiscard]] Result<std::optional<EngineContainer>> inspect(const std::string& id,
                                                                 Clock::time_point deadline);
    /// May take a second or two: some engines sample twice before they answer.
    [[nodiscard]] Result<EngineStats> stats(const std::string& id, Clock::time_point deadline);

    [[nodiscard]] const std::string& address() const { return address_; }

private:
    ContainerEngine(std::string address, HttpClient client)
        : address_(std::move(address)), client_(std::move(client)) {}
    Result<HttpResponse> get(const std::string& target, Clock::time_point deadline);
    Result<std::vector<std::string>> list(const std::string& filters, Clock::time_point deadline);
    std::string running_names(Clock::time_point deadline);

    std::string address_;
    HttpClient client_;
};

/// Pure, for tests. Error: not such a document.
[[nodiscard]] Result<EngineContainer> parse_inspect(std::string_view json);
[[nodiscard]] Result<EngineStats> parse_stats(std::string_view json);

}  // namespace plimsoll
