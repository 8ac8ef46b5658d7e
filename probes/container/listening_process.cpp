#include "probes/container/listening_process.hpp"

#include "probes/container/port_owner.hpp"
#include "probes/container/process_tree.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace plimsoll {
namespace {

Result<pid_t> ask_engines(std::uint16_t port, const std::string& docker_host,
                          Clock::time_point deadline) {
    const auto addresses = engine_addresses(docker_host);
    if (!addresses) {
        return addresses.error();
    }
    for (const std::string& address : *addresses) {
        auto engine = ContainerEngine::create(address);
        const auto ids = engine ? engine->find({"", "", port}, deadline)
                                : Result<std::vector<std::string>>(engine.error());
        if (!ids) {
            continue;
        }
        const auto info = engine->inspect(ids->front(), deadline);
        if (info && *info && (*info)->pid > 0) {
            return (*info)->pid;
        }
    }
    return Error{"no container publishes port " + std::to_string(port)};
}

}  // namespace

bool is_engine_proxy(const std::string& command) {
    constexpr std::array<std::string_view, 3> kProxies{"docker-proxy", "rootlessport", "conmon"};
    return std::find(kProxies.begin(), kProxies.end(), command) != kProxies.end();
}

Result<pid_t> find_target_process(std::uint16_t port, const std::filesystem::path& proc,
                                  const std::string& docker_host,
                                  Clock::time_point engine_deadline) {
    Result<pid_t> listener = find_listener(port, proc);
    if (listener) {
        const auto stat = read_stat(proc, *listener);
        if (stat && !is_engine_proxy(stat->command)) {
            return listener;
        }
    }
    if (Clock::now() < engine_deadline) {
        if (auto behind = ask_engines(port, docker_host, engine_deadline)) {
            return behind;
        }
    }
    return listener;
}

}  // namespace plimsoll
