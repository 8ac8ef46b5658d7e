// Docker's and Podman's API: which containers there are, and what the engine knows of them.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"
#include "probes/container/container_runtime.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Which containers. Exactly one field is set.
struct ContainerChoice {
    std::string name;   // or id; or, where no container has that name, a Compose service
    std::string label;  // "key" or "key=value": all running containers that carry it
    std::uint16_t published_port = 0;  // of the host
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
    [[nodiscard]] Result<std::optional<RuntimeContainer>> inspect(const std::string& id,
                                                                  Clock::time_point deadline);
    /// May take a second or two: some engines sample twice before they answer.
    [[nodiscard]] Result<RuntimeStats> stats(const std::string& id, Clock::time_point deadline);

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

/// The containers chosen of the engine that `docker_host` names, else of the first of the default
/// sockets that has them. Opens nothing yet.
[[nodiscard]] std::unique_ptr<ContainerRuntime> make_engine_runtime(std::string docker_host,
                                                                    ContainerChoice choice);

/// Pure, for tests. Error: not such a document.
[[nodiscard]] Result<RuntimeContainer> parse_inspect(std::string_view json);
[[nodiscard]] Result<RuntimeStats> parse_stats(std::string_view json);

}  // namespace plimsoll
