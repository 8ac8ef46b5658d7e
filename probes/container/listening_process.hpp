// Which process serves a port of this machine, also from inside a container.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/container/container_engine.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>

namespace plimsoll {

/// Whether a program of this name listens on a published port on behalf of a container.
[[nodiscard]] bool is_engine_proxy(const std::string& command);

/// The process that listens on `port` (find_listener); where that is an engine's proxy, or nobody
/// does because the kernel forwards the port, the first process of the container that publishes it.
/// The engine (`docker_host` as for engine_addresses) is asked only before `engine_deadline`; a
/// time that is past means not at all.
[[nodiscard]] Result<pid_t> find_target_process(std::uint16_t port,
                                                const std::filesystem::path& proc,
                                                const std::string& docker_host,
                                                Clock::time_point engine_deadline);

}  // namespace plimsoll
