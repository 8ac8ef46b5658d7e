// Whether this machine can hold the users that a scenario asks for.
#pragma once

#include "base/result.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>

namespace plimsoll {

/// Our memory for a user with its open connection: tests/e2e/test_many_users.py holds it.
inline constexpr std::uint64_t kBytesPerUser = 8ULL * 1024;

struct MachineLimits {
    std::uint64_t memory_bytes = 0;  // that could still be taken
    std::uint64_t descriptors = 0;   // that could still be opened
};

/// Memory: what the kernel calls available, or what is left below a cgroup's limit. Descriptors: by
/// RLIMIT_NOFILE, less those open
/// and the `reserved` ones that the load is not to have.
[[nodiscard]] MachineLimits read_machine_limits(std::uint64_t reserved);

/// Refuses closed-model load that cannot be: each such user is alive and connected at once. Open
/// models' max_vus is a limit, not a need, and passes. Error: what it would need and what there is.
[[nodiscard]] Status check_fits(const Scenario& scenario, Segment segment,
                                const MachineLimits& limits);

}  // namespace plimsoll
