// Where a run was taken, for its facts.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace plimsoll {

/// env.host, env.kernel, env.os, env.machine, env.cpu (its model), env.cores, env.memory_bytes,
/// env.compiler, env.sqlite. What the system does not tell is left out.
[[nodiscard]] std::map<std::string, std::string> describe_environment();

/// SHA-256 (FIPS 180-4) in lower-case hex: what sha256sum prints for the same bytes. Here so that a
/// run names the exact scenario it ran, without a cryptography library in the store.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace plimsoll
